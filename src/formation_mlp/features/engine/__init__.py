"""From presets and rows to one table of features: in parts, in processes, from a cache, as a stream."""
