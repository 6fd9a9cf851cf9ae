"""Photos and voice messages that people send on WeChat: fetched there, kept with their message."""
