"""What the solver cannot take, in Chinese and English."""

from shared.errors import Message

CLASSES_TOO_MANY = Message(
    "classes_too_many",
    "困难类别超过 {most} 种",
    "there are more than {most} beneficiary classes",
)
WEIGHTS_TOO_LARGE = Message(
    "weights_too_large",
    "权重过大，超出求解器的整数范围：level_points ×（level_max + 1）须在 1 到 {most} 之间，"
    "请减小 level_points 或 level_max",
    "these weights leave the solver's integers: level_points * (level_max + 1) must be from 1 to "
    "{most}; lower level_points or level_max",
)
