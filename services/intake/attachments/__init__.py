"""Photos and documents: read by content, checked, sealed into GridFS, shown to who may see."""
