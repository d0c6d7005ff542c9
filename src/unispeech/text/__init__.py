"""A transcript as text: subtitles, formats, and the times of edited words."""
