"""ONNX models on whatever computes: sessions, precision, and what is changed in a model before it runs."""
