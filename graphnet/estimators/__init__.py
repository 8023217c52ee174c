"""Estimators: nets that scikit-learn's tools can fit, tune and put into pipelines."""
