"""gridmart: the power-marketing warehouse of an electric utility."""

__version__ = "0.1.0"
