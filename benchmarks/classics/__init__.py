"""The well-known nets of the last decade's papers: inference at batch 1 and 8, a training step.

Beside PyTorch in both layouts, and for inference beside onnxruntime and OpenCV's dnn, which run
what graphnet has exported, turn by turn.
"""
