"""Hook for schemathesis: bodies of resumable uploads are binary."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
