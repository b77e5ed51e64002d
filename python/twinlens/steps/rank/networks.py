"""Comparisons that leave the median of a window whose columns are sorted; the smaller sample goes to the first place.

Sample c of sorted row r is in place r * size + c. Comparisons that the median does not depend on are left out.
"""

from __future__ import annotations

__all__ = ["ACROSS", "DOWN", "MEDIAN"]

#: size of the window: where the median ends up
MEDIAN = {3: 4, 5: 9}

# fmt: off
#: comparisons that sort a column
DOWN: dict[int, tuple[tuple[int, int], ...]] = {
    3: (
        (0, 1), (1, 2), (0, 1),
    ),
    5: (
        (0, 1), (3, 4), (2, 4), (2, 3), (1, 4), (0, 3), (0, 2), (1, 3), (1, 2),
    ),
}

#: comparisons over the whole window
ACROSS: dict[int, tuple[tuple[int, int], ...]] = {
    3: (
        (0, 1), (1, 2), (3, 4), (4, 5), (3, 4), (7, 8), (6, 7), (2, 6), (2, 4), (4, 6),
    ),
    5: (
        (0, 1), (3, 4), (2, 4), (2, 3), (1, 4), (0, 3), (1, 3), (5, 6), (8, 9), (7, 9), (7, 8), (6, 9), (5, 8),
        (6, 8), (6, 7), (10, 11), (13, 14), (12, 14), (12, 13), (11, 14), (10, 13), (10, 12), (11, 13), (11, 12),
        (15, 16), (18, 19), (17, 18), (16, 19), (15, 18), (15, 17), (16, 18), (16, 17), (20, 21), (23, 24), (22, 24),
        (22, 23), (20, 23), (20, 22), (21, 22), (13, 16), (13, 8), (13, 7), (8, 3), (8, 7), (17, 3), (7, 11),
        (17, 21), (11, 15), (17, 4), (9, 4), (15, 12), (15, 17), (9, 12), (17, 20), (17, 9), (9, 20),
    ),
}
# fmt: on
