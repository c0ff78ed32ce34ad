"""Energy scales: what a number means, and how to get from one scale to another.

The scales are ``mp2020``, ``mp2019`` and ``mp2018`` (the Materials Project, by the year of its corrections or table),
``oqmd`` and ``measured``; `formation_mlp.scales.scale.SCALES` says what each of them means.

Examples
--------
>>> from formation_mlp.scales.scale import SCALES
>>> list(SCALES)
['mp2020', 'mp2019', 'mp2018', 'oqmd', 'measured']
"""
