"""Keys of other frameworks, and what is said of them."""

from __future__ import annotations

import pytest

from graphnet.declare.key_words import key_hint, kind_hint, kind_meant, number_hint, shape_hint
from graphnet.declare.validation import keys_of
from graphnet.errors import SpecError
from graphnet.layers import LAYER_TYPES
from graphnet.solver import lr_policy
from graphnet.solver.coffee import BREAK_MODELS
from graphnet.solver.methods import METHODS
from graphnet.solver.spec import SolverSpec

SOLVER, CONV, IP = SolverSpec, LAYER_TYPES["Convolution"], LAYER_TYPES["InnerProduct"]
DATA, LSTM = LAYER_TYPES["HDF5Data"], LAYER_TYPES["LSTM"]

#: A model, their key, and what the hint contains.
HINTS = [
    # Caffe's solver
    *[(SOLVER, theirs, said) for theirs, said in {
        "average_loss": "TrainingSummary",
        "base_lr": "lr_policy: {type: Fixed, base_lr: …}",
        "debug_info": "leave it out",
        "delta": "epsilon",
        "device_id": "--backend",
        "display": "{type: TrainingSummary, every_n_iter: …}",
        "gamma": "lr_policy: {type: Step, base_lr: …, gamma: …, stepsize: …}",
        "layer_wise_reduce": "leave it out",
        "momentum": "mom_policy: {type: Fixed, momentum: …}",
        "momentum2": "beta2",
        "net": "the net names its solver",
        "power": "{type: Poly",
        "random_seed": "'seed'",
        "regularization_type": "L1Regu",
        "rms_decay": "{type: RMSProp, rho: …}",
        "snapshot": "{type: Snapshot, every_n_iter: …}",
        "snapshot_after_train": "a run always saves its end",
        "snapshot_format": "always HDF5",
        "snapshot_prefix": "'exp_dir'",
        "solver_mode": "--backend",
        "solver_type": "'method'",
        "stepsize": "lr_policy: {type: Step, base_lr: …, gamma: …, stepsize: …}",
        "stepvalue": "{type: MultiStep, base_lr: …, gamma: …, stepvalues: […]}",
        "test_initialization": "iteration 0",
        "test_interval": "{type: ValidationPerformance, every_n_iter: …}",
        "test_iter": "whole data set",
        "test_net": "phase: test",
        "train_net": "the net names its solver",
        "type": "'method'",
        "weight_decay": "regu_coef: …, half of that value",
        "weights": "'load_from'",
    }.items()],
    # Keras's and PyTorch's training
    *[(SOLVER, theirs, said) for theirs, said in {
        "accumulate_grad_batches": "'iter_size'",
        "batch_size": "on the data layer",
        "beta_1": "{type: Adam, beta1: …}",
        "betas": "{type: Adam, beta1: …, beta2: …}",
        "callbacks": "'coffee_breaks'",
        "ckpt_path": "'load_from'",
        "class_weight": "'weights' on the loss layer",
        "clipnorm": "'clip_gradients'",
        "criterion": "SoftmaxLoss",
        "early_stopping": "EarlyStopping",
        "epochs": "'max_epoch'",
        "gpu": "--backend",
        "initial_epoch": "goes on",
        "iters": "'max_iter'",
        "learning_rate": "lr_policy: {type: Fixed, base_lr: …}",
        "loss": "a layer of the net",
        "lr": "lr_policy: {type: Fixed, base_lr: …}",
        "lr_scheduler": "'lr_policy'",
        "max_epochs": "'max_epoch'",
        "max_steps": "'max_iter'",
        "metrics": "Accuracy",
        "milestones": "MultiStep",
        "nesterov": "method: Nesterov",
        "num_epochs": "'max_epoch'",
        "optimizer": "'method'",
        "patience": "EarlyStopping",
        "resume": "goes on",
        "seed_everything": "'seed'",
        "shuffle": "on the data layer",
        "step_size": "{type: Step",
        "threads": "--threads",
        "validation_split": "'rows'",
        "verbose": "TrainingSummary",
    }.items()],
    # layers
    *[(CONV, theirs, said) for theirs, said in {
        "activation": "'neuron'",
        "bias_filler": "'bias_init'",
        "bias_term": "'bias'",
        "blobs_lr": "'filter_lr'",
        "bottom": "'bottoms'",
        "convolution_param": "beside 'type', without 'convolution_param'",
        "data_format": "(N, C, H, W)",
        "decay_mult": "'filter_regu'",
        "dilation_rate": "'dilation'",
        "dropout": "{type: Dropout",
        "engine": "leave it out",
        "exclude": "phase: test",
        "filters": "'n_filter'",
        "group": "'n_group'",
        "groups": "'n_group'",
        "in_channels": "leave it out",
        "include": "phase: train",
        "input_shape": "leave it out",
        "inputs": "'bottoms'",
        "kernel_h": "kernel: [height, width]",
        "kernel_initializer": "'filter_init'",
        "kernel_regularizer": "'filter_regu'",
        "kernel_size": "'kernel'",
        "lr_mult": "'filter_lr'",
        "num_output": "'n_filter'",
        "out_channels": "'n_filter'",
        "pad_w": "pad: [height, width]",
        "padding": "'pad'",
        "propagate_down": "frozen",
        "stride_h": "stride: [height, width]",
        "strides": "'stride'",
        "top": "'tops'",
        "trainable": "frozen: true",
        "use_bias": "'bias'",
        "weight_filler": "'filter_init'",
        "weight_lr": "'filter_lr'",
    }.items()],
    *[(IP, theirs, said) for theirs, said in {
        "filter_init": "'weight_init'",
        "in_features": "leave it out",
        "n_filter": "'output_dim'",
        "num_output": "'output_dim'",
        "out_features": "'output_dim'",
        "units": "'output_dim'",
        "weight_filler": "'weight_init'",
    }.items()],
    *[(DATA, theirs, said) for theirs, said in {
        "batchsize": "'batch_size'",
        "crop_size": "RandomCrop",
        "data_param": "beside 'type'",
        "filename": "'source'",
        "mean_file": "SubMean",
        "mirror": "RandomMirror",
        "num_workers": "AsyncHDF5Data",
        "path": "'source'",
        "scale": "{type: Scale, scale: …}",
        "transform_param": "'transformers'",
    }.items()],
    *[(LAYER_TYPES[layer], theirs, said) for layer, theirs, said in [
        ("Accuracy", "topk", "'top_k'"),
        ("BatchNorm", "eps", "'epsilon'"),
        ("BatchNorm", "gamma_initializer", "'scale_init'"),
        ("BatchNorm", "momentum", "'moving_average_fraction' (PyTorch's momentum is 1 minus it)"),
        ("Bias", "filler", "'bias_init'"),
        ("Concat", "concat_dim", "'axis'"),
        ("Dropout", "dropout_ratio", "'ratio'"),
        ("Dropout", "keep_prob", "1 minus keep_prob"),
        ("Dropout", "p", "'ratio'"),
        ("ElementWise", "coeff", "'coef'"),
        ("ElementWise", "op", "'operation'"),
        ("Embed", "embedding_dim", "'output_dim'"),
        ("Embed", "num_embeddings", "'input_dim'"),
        ("Flatten", "start_dim", "'axis'"),
        ("Index2Onehot", "num_classes", "'n_class'"),
        ("LRN", "alpha", "'scale'"),
        ("LRN", "beta", "'power'"),
        ("LRN", "k", "'shift'"),
        ("LRN", "local_size", "'kernel'"),
        ("LRN", "norm_region", "'mode'"),
        ("LReLU", "negative_slope", "'slope'"),
        ("LSTM", "hidden_size", "'output_dim'"),
        ("LSTM", "kernel_initializer", "'weight_x_init'"),
        ("LSTM", "recurrent_initializer", "'weight_h_init'"),
        ("MemoryData", "channels", "shapes: {data: [channels, height, width]}"),
        ("PReLU", "filler", "'slope_init'"),
        ("MVN", "eps", "'epsilon'"),
        ("Pooling", "ceil_mode", "round_mode: floor"),
        ("Pooling", "global_pooling", "'global'"),
        ("Pooling", "pool", "'pooling'"),
        ("Pooling", "pool_size", "'kernel'"),
        ("RandomNormal", "output_dims", "'shape'"),
        ("ReLU", "eps", "'epsilon'"),
        ("ReLU", "negative_slope", "LReLU"),
        ("Reduction", "coeff", "'coef'"),
        ("Reshape", "target_shape", "'shape'"),
        ("Slice", "slice_point", "'slice_points'"),
        ("SoftmaxLoss", "ignore_index", "'ignore_label'"),
        ("SoftmaxLoss", "weight", "'loss_weight'"),
        ("SoftmaxLoss", "normalization", "'divisor'"),
    ]],
    # policies, methods, breaks
    (lr_policy.Step, "step_size", "'stepsize'"),
    (lr_policy.Step, "stepvalue", "MultiStep"),
    (lr_policy.MultiStep, "milestones", "'stepvalues'"),
    (lr_policy.MultiStep, "stepsize", "Step"),
    (lr_policy.Fixed, "lr", "'base_lr'"),
    (lr_policy.Fixed, "base", "'base_lr'"),
    (lr_policy.Cosine, "T_max", "'max_iter'"),
    (lr_policy.Cosine, "eta_min", "'min_lr'"),
    (lr_policy.Warmup, "warmup_steps", "'length'"),
    (lr_policy.Warmup, "base_lr", "policy: {type: Fixed, base_lr: …}"),
    (METHODS["SGD"], "momentum", "beside 'method' write mom_policy: {type: Fixed, momentum: …}"),
    (METHODS["SGD"], "lr", "beside 'method' write lr_policy: {type: Fixed, base_lr: …}"),
    (METHODS["SGD"], "nesterov", "method: Nesterov"),
    (METHODS["Adam"], "weight_decay", "beside 'method' write regu_coef"),
    (METHODS["Adam"], "beta_1", "'beta1'"),
    (METHODS["Adam"], "eps", "'epsilon'"),
    (METHODS["RMSProp"], "rms_decay", "'rho'"),
    (METHODS["RMSProp"], "alpha", "'rho'"),
    (BREAK_MODELS["EarlyStopping"], "monitor", "'key'"),
    (BREAK_MODELS["EarlyStopping"], "restore_best_weights", "restore_best"),
    (BREAK_MODELS["Plateau"], "factor", "'gamma'"),
    (BREAK_MODELS["Snapshot"], "filepath", "'exp_dir'"),
    (BREAK_MODELS["Snapshot"], "interval", "'every_n_iter' or 'every_n_epoch'"),
    (BREAK_MODELS["Snapshot"], "max_to_keep", "'keep_last'"),
    (BREAK_MODELS["Snapshot"], "save_best_only", "'keep_best'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "theirs", "said"), HINTS, ids=[f"{m.__name__}-{theirs}" for m, theirs, _ in HINTS]
)
def test_keys_of_others(model, theirs, said):
    """A key that another framework has leads to ours, in a message from Python too."""
    assert theirs not in keys_of(model)
    with pytest.raises(SpecError, match=f"unknown key '{theirs}'") as caught:
        model(**{theirs: 1})
    hint = next(p.message for p in caught.value.problems if f"'{theirs}'" in p.message)
    assert said in hint.partition("\n")[2]
    assert "expected one of" not in hint


def test_axes_of_mocha():
    """Counted from the other end."""
    assert "'axis: 1' here" in key_hint("dim", ["axis"], -2)
    assert "'axis: 1' for an image blob" in key_hint("channel_dim", ["axis"], 3)
    assert "'axis'" in key_hint("dim", ["axis"], "x")


def test_blanks_that_are_missing():
    """In a key that holds its value, or the dash before it; in a text that holds them all."""
    assert key_hint("name:d", ["name"]) == ("\n  write 'name: d', with a space after the colon")
    assert "write '- name'" in key_hint("-name", ["name"])
    assert "write 'max_iter: …'" in shape_hint("max_iter:3")
    assert "write 'max_iter: …'" in shape_hint("max_iter = 3")
    assert "leave out the dashes" in shape_hint([{"max_iter": 3}])
    assert not any(map(shape_hint, ("net.yaml", "", 3, [], ["a"], "see http://a")))


def test_what_is_like_nothing():
    """All there is; nothing where there is nothing."""
    assert key_hint("zzz", ["b", "a"]) == "\n  expected one of: a, b"
    assert not key_hint("zzz", [])


@pytest.mark.parametrize(
    ("theirs", "known", "ours"),
    [
        ("relu", ["ReLU", "Tanh"], "ReLU"),
        ("leaky_relu", ["ReLU", "LReLU"], "LReLU"),
        ("Neurons.ReLU()", ["ReLU"], "ReLU"),
        ("Pooling.Max()", ["Max", "Mean"], "Max"),
        ("AVE", ["Max", "Mean"], "Mean"),
        ("XavierInitializer()", ["Xavier", "Gaussian"], "Xavier"),
        ("ConstantInitializer(0.1)", ["Constant", "Xavier"], "Constant"),
        ("he_normal", ["MSRA", "Xavier"], "MSRA"),
        ("glorot_uniform", ["Glorot", "Xavier"], "Glorot"),
        ("zeros", ["Constant", "Null"], "Constant"),
        ("l2", ["L1Regu", "L2Regu", "NoRegu"], "L2Regu"),
        ("fixed", ["Fixed", "Step"], "Fixed"),
        ("StepLR", ["Step", "MultiStep"], "Step"),
        ("multistep", ["Step", "MultiStep"], "MultiStep"),
        ("CosineAnnealingLR", ["Cosine", "Step"], "Cosine"),
        ("TRAIN", ["train", "test"], "train"),
        ("validation", ["train", "test"], "test"),
        ("adam", ["Adam", "SGD"], "Adam"),
        ("Adam", ["Adam", "SGD"], "Adam"),
        ("zzzz", ["Adam", "SGD"], ""),
    ],
)
def test_kinds_of_others(theirs, known, ours):
    """Whatever they call it and however they write it."""
    assert kind_meant(theirs, known) == ours
    assert kind_hint(theirs, known) == (f"\n  did you mean '{ours}'?" if ours else "")


def test_numbers_where_keys_are_wanted():
    """A rate is Fixed, an initial value Constant; others are not guessed."""
    assert number_hint("lr_policy", 0.1) == "\n  write lr_policy: {type: Fixed, base_lr: 0.1}"
    assert number_hint("bias_init", 1) == "\n  write bias_init: {type: Constant, value: 1}"
    assert not number_hint("lr_policy", True)
    assert not number_hint("method", 0.1)
