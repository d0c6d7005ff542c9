"""Jobs: queue, durable execution, transcripts with their revisions, notices, share links."""
