"""What tests share: samples, recordings, servers, browsers."""
