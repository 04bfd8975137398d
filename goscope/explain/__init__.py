"""The pages of `goscope explain`, and the captures of `goscope demo`."""
