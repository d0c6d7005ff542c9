"""Output formats and subtitles of a transcript, and times of edited words."""
