"""What the callback does while a model trains: which queries it watches, what it asks, and how it judges the maps."""
