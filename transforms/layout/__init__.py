"""Decide block types and tables with ONNX models."""
