"""Layout of subtitles: limits, presets, line and cue breaks, times, and checks."""
