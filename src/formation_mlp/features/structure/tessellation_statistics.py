"""The attributes of Ward et al. (2017), from the Voronoi faces of a structure."""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Floats, Ints

N_BEFORE_DIFFERENCES = 18
"""Packing efficiency (1), ordering (3), heterogeneity (9), coordination number (5)."""


@kernel
def ward_attributes(ptr: Ints, target: Ints, face: Floats, z: Ints, properties: Floats) -> Floats:
    """Return the attributes ``[18 + 5 p]`` of a structure.

    Parameters
    ----------
    ptr, target, face : as `voronoi_faces` returns them
    z : ``[n]``, atomic number of each site
    properties : ``[119, p]``, elemental properties by atomic number
    """
    x = np.zeros(N_BEFORE_DIFFERENCES + 5 * properties.shape[1])
    weight = relative_areas(ptr, face)
    ordering(ptr, target, weight, z, x)
    geometry(ptr, face, weight, x)
    differences(ptr, target, weight, z, properties, x)
    return x


@kernel
def relative_areas(ptr: Ints, face: Floats) -> Floats:
    """Return the area of each face divided by that of the largest face of its site."""
    weight = np.empty(len(face))
    for i in range(len(ptr) - 1):
        largest = 0.0
        for a in range(ptr[i], ptr[i + 1]):
            largest = max(largest, face[a, 1])
        for a in range(ptr[i], ptr[i + 1]):
            weight[a] = face[a, 1] / largest
    return weight


@kernel
def ordering(ptr: Ints, target: Ints, weight: Floats, z: Ints, x: Floats) -> None:
    """Write the mean ordering parameter of the shells 1 to 3.

    A shell is reached by walks of so many steps that come to no place twice; a walk counts with the
    product of the weights of its steps. The parameter of a site and an element is 1 - (weight of the walks
    that end on the element) / (weight of all walks) / (fraction of the element); the mean is that of
    absolute values.
    """
    n = len(z)
    count = np.zeros(119)
    for i in range(n):
        count[z[i]] += 1
    n_elements = 0
    for element in range(119):
        n_elements += count[element] > 0
    if n_elements == 1:
        return
    for i in range(n):
        reached, walks = np.zeros((3, 119)), np.zeros(3)
        walk(i, ptr, target, weight, z, reached)
        for shell in range(3):
            for element in range(119):
                walks[shell] += reached[shell, element]
            for element in range(119):
                if count[element] > 0:
                    share = reached[shell, element] / walks[shell]
                    x[1 + shell] += abs(1 - share / (count[element] / n)) / (n * n_elements)


@kernel
def walk(i: int, ptr: Ints, target: Ints, weight: Floats, z: Ints, reached: Floats) -> None:
    """Add up the weights of the walks from site ``i``, by length and last element."""
    for a in range(ptr[i], ptr[i + 1]):
        j, at_j = target[a, 0], target[a, 1]
        reached[0, z[j]] += weight[a]
        for b in range(ptr[j], ptr[j + 1]):
            k, at_k = target[b, 0], at_j + target[b, 1]
            if k == i and at_k == 0:
                continue
            product = weight[a] * weight[b]
            reached[1, z[k]] += product
            for c in range(ptr[k], ptr[k + 1]):
                m, at_m = target[c, 0], at_k + target[c, 1]
                if not ((m == i and at_m == 0) or (m == j and at_m == at_j)):
                    reached[2, z[m]] += product * weight[c]


@kernel
def geometry(ptr: Ints, face: Floats, weight: Floats, x: Floats) -> None:
    """Write packing efficiency, heterogeneity of bond lengths and cell sizes, and coordination numbers."""
    n = len(ptr) - 1
    length, variation, volume, coordination = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    spheres = 0.0
    for i in range(n):
        total, squares, nearest = 0.0, 0.0, math.inf
        for a in range(ptr[i], ptr[i + 1]):
            total += weight[a]
            squares += weight[a] * weight[a]
            length[i] += weight[a] * face[a, 0]
            volume[i] += face[a, 1] * face[a, 0] / 6
            nearest = min(nearest, face[a, 0])
        length[i] /= total
        for a in range(ptr[i], ptr[i + 1]):
            variation[i] += weight[a] * abs(face[a, 0] - length[i]) / total / length[i]
        coordination[i] = total * total / squares
        spheres += 4 / 3 * math.pi * (0.5 * nearest * 0.5 * nearest * 0.5 * nearest)
    mean_length, cell = 0.0, 0.0
    for i in range(n):
        mean_length += length[i] / n
        cell += volume[i]
    for i in range(n):
        length[i] /= mean_length
        volume[i] /= cell / n
    statistics = np.empty(5)
    x[0] = spheres / cell
    five_statistics(length, statistics)
    x[4], x[5], x[6] = statistics[4], statistics[1], statistics[0]
    five_statistics(variation, x[7:12])
    five_statistics(volume, statistics)
    x[12] = statistics[4]
    five_statistics(coordination, x[13:18])


@kernel
def differences(ptr: Ints, target: Ints, weight: Floats, z: Ints, properties: Floats, x: Floats) -> None:
    """Write the statistics of the local property differences."""
    n, n_properties = len(ptr) - 1, properties.shape[1]
    difference = np.zeros((n_properties, n))
    for i in range(n):
        total = 0.0
        for a in range(ptr[i], ptr[i + 1]):
            total += weight[a]
        for p in range(n_properties):
            difference[p, i] = 0.0 * properties[z[i], p]  # NaN where the site's own property is unknown
        for a in range(ptr[i], ptr[i + 1]):
            other = z[target[a, 0]]
            if other != z[i]:
                for p in range(n_properties):
                    difference[p, i] += weight[a] / total * abs(properties[other, p] - properties[z[i], p])
    for p in range(n_properties):
        first = N_BEFORE_DIFFERENCES + 5 * p
        five_statistics(difference[p], x[first : first + 5])


@kernel
def five_statistics(values: Floats, x: Floats) -> None:
    """Write minimum, maximum, range, mean and mean absolute deviation; all NaN if a value is."""
    n = len(values)
    low, high, mean, deviation = values[0], values[0], 0.0, 0.0
    for value in values:
        low, high, mean = min(low, value), max(high, value), mean + value / n
    for value in values:
        deviation += abs(value - mean) / n
    unknown = 0.0 * mean
    x[0], x[1], x[2], x[3], x[4] = low + unknown, high + unknown, high - low + unknown, mean, deviation
