"""Resampling: Pillow's antialiased filters, OpenCV's methods and nearest neighbours."""
