"""Pure stages between a recording and its segments. They meet only in `unispeech.engine`."""
