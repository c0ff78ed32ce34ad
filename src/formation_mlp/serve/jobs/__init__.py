"""Tables of any size: uploaded, predicted in parts by a process of their own, and kept until a day that is told."""
