"""Message passing over text features, trained without labels: networks, objectives, sampling."""
