"""For schemathesis: the bodies of resumable uploads are bytes like any other."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
