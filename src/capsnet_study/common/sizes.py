"""Sizes that the paper fixes: digits, shifts, images, convolutions, classes."""

CLASSES = 10
DIGIT_SIZE = 28
MAX_SHIFT = 4  # digits move by up to so many pixels in rows and in columns (paper 3.1, 3.2)
IMAGE_SIZE = DIGIT_SIZE + 2 * MAX_SHIFT  # 36: a digit never leaves the image
GRID_POINTS = (2 * MAX_SHIFT + 1) ** 2  # 81: the shifts of a manifold set
KERNEL = 9  # side of both convolutions, the second with stride 2 (paper 3.1, after Sabour et al.)
CONV1_SIZE = IMAGE_SIZE - KERNEL + 1  # 28
CONV2_SIZE = (CONV1_SIZE - KERNEL) // 2 + 1  # 10
