//! Model folder (+ adapter) to an ONNX folder.
