"""Every code that matching answers with, in Chinese and English."""

from shared.errors import Message

# --- planner's files ---

PLACE_UNPAIRED = Message(
    "place_unpaired",
    "lat 和 lon 要么都写，要么都不写",
    "lat and lon are given together or not at all",
)
RADIUS_UNCENTRED = Message(
    "radius_uncentred", "写了 radius_km 就要写 lat 和 lon", "a radius needs lat and lon"
)
