"""ONNX models: their messages, precisions and sessions on devices. Shared by layout and OCR."""
