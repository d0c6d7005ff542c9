"""Speech to text by the Wyoming protocol, for Home Assistant and voice satellites."""
