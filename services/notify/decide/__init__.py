"""The decisions: announcements, claims, outcomes; transitions say what each outcome leads to."""
