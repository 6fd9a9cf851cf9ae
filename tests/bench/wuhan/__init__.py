"""The needs of Hubei's hospitals in February 2020 and the offers of that time, played as events."""
