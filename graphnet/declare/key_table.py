"""The words of Caffe, Mocha, Keras and PyTorch, by what they are here."""

from __future__ import annotations

from collections.abc import Mapping

#: A key of ours, and what it is called elsewhere.
KEYS_ELSEWHERE: Mapping[str, str] = {
    "affine": "center scale",
    "axis": "concat_dim slice_dim start_dim",
    "base_lr": "base initial_learning_rate learning_rate lr max_lr rate value",
    "beta1": "beta_1 betas",
    "beta2": "beta_2 momentum2",
    "bias": "bias_term use_bias",
    "bias_cons": "bias_constraint",
    "bias_init": "beta_initializer bias_filler bias_initializer filler",
    "bias_regu": "bias_regularizer",
    "bottoms": "bottom input inputs",
    "buffer_bytes": "chunk_size",
    "clip_gradients": (
        "clip_norm clipnorm clipvalue global_clipnorm gradient_clip_val max_grad_norm"
    ),
    "coef": "coeff coefficient value weight_decay",
    "coffee_breaks": "callbacks",
    "crop_size": "size",
    "data": "array arrays",
    "dilation": "dilation_rate dilations",
    "divisor": "count_include_pad normalization",
    "end_axis": "end_dim",
    "epsilon": "delta eps",
    "every_n_epoch": "every every_n frequency interval period",
    "every_n_iter": "every every_n every_n_train_steps frequency interval period",
    "exp_dir": "default_root_dir dir experiment out output output_dir path snapshot_prefix",
    "filename": "file path",
    "filter_cons": "kernel_constraint weight_cons",
    "filter_init": "kernel_initializer weight_filler weight_init weight_initializer",
    "filter_lr": "blobs_lr lr_mult param weight_lr",
    "filter_regu": "decay_mult kernel_regularizer weight_decay weight_regu",
    "gamma": "decay decay_rate factor",
    "global": "global_pooling",
    "growth": "t_mult",
    "ignore_label": "ignore_index",
    "input_dim": "num_embeddings",
    "iter_size": "accumulate_grad_batches gradient_accumulation_steps",
    "keep_best": "monitor save_best_only",
    "keep_last": "keep max_to_keep save_top_k",
    "kernel": "depth_radius filter_size kernel_size ksize local_size n pool_size size",
    "key": "metric monitor statistic",
    "layers": "layer",
    "length": "t_0 warmup_iters warmup_steps",
    "load_from": "checkpoint ckpt_path pretrained weights",
    "loss_weight": "weight",
    "lr_policy": "lr_scheduler scheduler",
    "max_epoch": "epoch epochs max_epochs n_epochs num_epochs",
    "max_iter": (
        "iterations iters max_iterations max_iters max_steps n_iter n_iterations "
        "num_iterations num_iters steps t_max total_iters total_steps"
    ),
    "method": "optimizer solver_type type",
    "min_lr": "eta_min",
    "mode": "norm_region padding_mode",
    "mom_policy": "mom",
    "momentum": "base value",
    "moving_average_fraction": "decay",
    "n_class": "classes depth num_classes",
    "n_filter": "filters n_filters num_filters num_output out_channels output_dim",
    "n_group": "group groups",
    "neuron": "activation activation_fn nonlinearity",
    "output_dim": (
        "embedding_dim features hidden hidden_size n_filter n_out num_hidden num_output "
        "num_units out_features units"
    ),
    "pad": "padding",
    "param_groups": "no_decay no_weight_decay paramwise_cfg",
    "policy": "after scheduler",
    "operation": "op",
    "pooling": "method mode pool pool_type",
    "positive_weight": "pos_weight",
    "power": "beta",
    "random_mirror": "mirror",
    "ratio": "dropout_ratio p prob probability rate",
    "regu_coef": "regularization",
    "restore_best": "restore_best_weights",
    "rho": "alpha decay rms_decay",
    "rise": "pct_start",
    "scale": "alpha block_size blocksize downscale_factor scale_factor upscale_factor",
    "scale_init": "filler gamma_initializer",
    "scale_lr": "blobs_lr lr_mult param",
    "scale_regu": "decay_mult weight_decay",
    "seed": "random_seed random_state seed_everything",
    "shape": "dims output_dims size target_shape",
    "shapes": "input_shape",
    "shift": "k",
    "size": "output_size",
    "slice_points": "slice_point",
    "slope": "alpha leak negative_slope",
    "slope_init": "alpha alpha_initializer filler init",
    "slope_lr": "blobs_lr lr_mult param",
    "slope_regu": "decay_mult weight_decay",
    "source": "dataset file filename files path",
    "stepsize": "decay_steps step step_size",
    "stepvalues": "milestones steps stepvalue",
    "stride": "strides",
    "swa": "stochastic_weight_averaging swa_start",
    "threshold": "value",
    "top_k": "k",
    "tops": "output outputs top",
    "transformers": "transform_param transforms",
    "warmup": "warmup_iters warmup_steps",
    "weight_cons": "filter_cons kernel_constraint",
    "weight_h_cons": "recurrent_constraint",
    "weight_h_init": "recurrent_initializer",
    "weight_h_regu": "recurrent_regularizer",
    "weight_init": (
        "embeddings_initializer filter_init kernel_initializer weight_filler weight_initializer"
    ),
    "weight_lr": "blobs_lr filter_lr lr_mult param",
    "weight_regu": "decay_mult filter_regu kernel_regularizer weight_decay",
    "weight_x_cons": "kernel_constraint weight_cons",
    "weight_x_init": "kernel_initializer weight_filler weight_init weight_initializer",
    "weight_x_lr": "blobs_lr lr_mult param weight_lr",
    "weight_x_regu": "decay_mult kernel_regularizer weight_decay weight_regu",
    "weights": "class_weight class_weights",
}

#: What to do about keys for which another word is not enough. Each begins with a key of ours or a
#: type, and holds where that key may stand, or for that type; the first that holds is shown.
#: ``lr_policy: {…}`` is what to write, ``(exp_dir) …`` a sentence.
PHRASES: Mapping[str, str] = {
    "coffee_breaks: [{type: EarlyStopping, key: …, patience: …}]": "early_stopping patience",
    "coffee_breaks: [{type: Snapshot, every_n_iter: …}]": (
        "checkpoint checkpoint_callback save_every snapshot"
    ),
    "coffee_breaks: [{type: TrainingSummary, every_n_iter: …}]": (
        "average_loss display log_every_n_steps logger verbose"
    ),
    "coffee_breaks: [{type: ValidationPerformance, every_n_epoch: 1}]": (
        "val_check_interval validation_freq"
    ),
    "coffee_breaks: [{type: ValidationPerformance, every_n_iter: …}]": "test_interval",
    "frozen: true, for what must not learn": "requires_grad trainable",
    "kernel: [height, width]": "kernel_h kernel_w",
    "lr_policy: {type: Fixed, base_lr: …}": "base_lr learning_rate lr",
    "lr_policy: {type: MultiStep, base_lr: …, gamma: …, stepvalues: […]}": "milestones stepvalue",
    "lr_policy: {type: Poly, base_lr: …, power: …, max_iter: …}": "power",
    "lr_policy: {type: Step, base_lr: …, gamma: …, stepsize: …}": "gamma step_size stepsize",
    "lr_policy: {type: Warmup, length: …, policy: {…}}": "warmup",
    "max_iter: …, with unit: epoch": "max_epochs",
    "method: Nesterov": "nesterov",
    "method: {type: Adam, beta1: …, beta2: …}": "betas",
    "method: {type: Adam, beta1: …}": "beta1 beta_1",
    "method: {type: Adam, beta2: …}": "beta2 beta_2 momentum2",
    "method: {type: Adam, epsilon: …}": "delta eps epsilon",
    "method: {type: RMSProp, rho: …}": "rho rms_decay",
    "mom_policy: {type: Fixed, momentum: …}": "momentum",
    "pad: [height, width]": "pad_h pad_w",
    "phase: train, or phase: test": "exclude include",
    "policy: {type: Fixed, base_lr: …}": "base_lr",
    "regu_coef: …, half of that value: the gradient is 2·regu_coef·w": "decay weight_decay",
    "shapes: {data: [channels, height, width]}": "channels height width",
    "stride: [height, width]": "stride_h stride_w",
    "transformers: {data: [RandomMirror]}": "mirror",
    "transformers: {data: [{type: RandomCrop, crop_size: [height, width]}]}": "crop crop_size",
    "transformers: {data: [{type: Scale, scale: …}]}": "scale",
    "transformers: {data: [{type: SubMean, mean: …}]}": "mean_value",
    "transformers: {data: [{type: SubMean, mean_file: …}]}": "mean_file",
    "(Interp) leave it out: Interp is bilinear, and type: Upsample nearest": "interpolation mode",
    "(ReLU) write type: LReLU, which has a 'slope'": "alpha negative_slope slope",
    "(Upsample) leave it out: Upsample is nearest, and type: Interp bilinear": (
        "align_corners interpolation mode"
    ),
    "(bottoms) leave it out: images are always (N, C, H, W)": "data_format",
    "(bottoms) leave it out: the net knows what comes in by its bottoms": (
        "in_channels in_features input_dim input_shape input_size num_features"
    ),
    "(bottoms) leave it out: there is one way to compute each layer": "engine",
    "(bottoms) leave out 'tops': the layer then works in place": "inplace",
    "(bottoms) write 'frozen: true' on the layers that must not learn": "propagate_down",
    "(bottoms) write a layer of its own: {type: BatchNorm, …}": "batch_norm batchnorm",
    "(bottoms) write a layer of its own: {type: Dropout, ratio: …}": "dropout",
    "(exp_dir) leave it out: a net is float32, or as load_net(dtype=…) says": "precision",
    "(exp_dir) leave it out: a net's layers of 'phase: test' are its test net": "test_net",
    "(exp_dir) leave it out: a run always saves its end": "snapshot_after_train",
    "(exp_dir) leave it out: a run found in exp_dir goes on from where it was": (
        "initial_epoch resume"
    ),
    "(exp_dir) leave it out: a run is the same bits for the same seed": "deterministic",
    "(exp_dir) leave it out: a solver here needs no such thing": (
        "dampening layer_wise_reduce net_param num_workers snapshot_diff test_compute_loss "
        "test_state train_state workers"
    ),
    "(exp_dir) leave it out: a validation runs over its whole data set": "test_iter",
    "(exp_dir) leave it out: an epoch is one pass over the data": "steps_per_epoch",
    "(exp_dir) leave it out: breaks are due at iteration 0 too": "test_initialization",
    "(exp_dir) leave it out: graphnet check shows the net, graphnet time its layers": "debug_info",
    "(exp_dir) leave it out: graphnet solve --backend chooses where a net runs": (
        "accelerator backend cpu cuda device device_id devices gpu solver_mode"
    ),
    "(exp_dir) leave it out: graphnet solve --threads says how many": "threads",
    "(exp_dir) leave it out: snapshots are always HDF5": "snapshot_format",
    "(exp_dir) leave it out: the net names its solver, with 'solver: FILE'": "train_net",
    "(exp_dir) leave it out: the net names its solver, with 'solver: FILE' at its top": "model net",
    "(exp_dir) say it on a layer: weight_regu: L1Regu, or filter_regu": "regularization_type",
    "(exp_dir) write 'rows' on the data layers of both phases in the net": "validation_split",
    "(exp_dir) write 'weights' on the loss layer of the net": "class_weight class_weights",
    "(exp_dir) write a data layer of the net: {type: HDF5Data, …}": "data dataset",
    "(exp_dir) write a data layer with 'phase: test' in the net": "validation_data",
    "(exp_dir) write a layer of the net: {type: Accuracy, phase: test, …}": "metrics",
    "(exp_dir) write a layer of the net: {type: SoftmaxLoss, …}": "criterion loss",
    "(exp_dir) write it on the data layer of the net": "batch_size shuffle",
    "(keep_last) write 'exp_dir' in the solver: snapshots are there": "dirpath filepath",
    "(layers) write a layer: {type: Input, …}": "input input_dim input_shape",
    "(method) beside 'method' write lr_policy: {type: Fixed, base_lr: …}": (
        "base_lr learning_rate lr"
    ),
    "(method) beside 'method' write mom_policy: {type: Fixed, momentum: …}": "momentum",
    "(method) beside 'method' write regu_coef: …, half of that value": "weight_decay",
    "(method) write method: Nesterov": "nesterov",
    "(normalize) leave it out: the loss takes scores, as they are before any softmax": (
        "from_logits"
    ),
    "(patience) add to coffee_breaks: {type: Snapshot, keep_best: …}, which keeps them": (
        "restore_best_weights"
    ),
    "(ratio) write 'ratio', the part that is dropped: 1 minus keep_prob": "keep_prob",
    "(round_mode) write round_mode: floor for false; ceil is the default": "ceil_mode",
    "(source) leave it out: data files are HDF5": "backend",
    "(source) leave it out: the batches of training run on into the next epoch": "drop_last",
    "(source) write 'source' for the file, 'tops' for the names of what is in it": "data label",
    "(source) write source: dataset:NAME/train, or 'rows'": "split",
    "(source) write type: AsyncHDF5Data, which reads ahead": "num_workers prefetch workers",
    "(stepsize) write type: MultiStep, which has 'stepvalues'": "stepvalue",
    "(stepvalues) write type: Step, which has a 'stepsize'": "stepsize",
    "(use_global_stats) write 'moving_average_fraction' (PyTorch's momentum is 1 minus it)": (
        "momentum"
    ),
    "(weight_h_init) write one layer for each": "num_layers",
}

#: A kind of ours, and what it is called elsewhere, in small letters.
KINDS_ELSEWHERE: Mapping[str, str] = {
    "Constant": "ones zeros",
    "Cosine": "cosineannealing cosineannealinglr",
    "Exp": "exponential exponentiallr",
    "Fixed": "constant fixedlr",
    "Gaussian": "normal randomnormal",
    "Glorot": "glorotnormal glorotuniform xaviernormal xavieruniform",
    "Identity": "linear none",
    "L1Regu": "l1",
    "L2Cons": "l2 maxnorm",
    "L2Regu": "l2",
    "LReLU": "leakyrelu",
    "Mean": "average ave avg",
    "MSRA": "henormal heuniform kaiming kaimingnormal kaiminguniform",
    "MultiStep": "multisteplr",
    "NoCons": "none",
    "NoRegu": "none",
    "Null": "none",
    "Poly": "polynomial",
    "RandomMirror": "randomhorizontalflip",
    "SGD": "momentum",
    "Step": "lrschedulerstep steplr",
    "Swish": "silu",
    "test": "validation val valid",
    "Uniform": "randomuniform",
}

#: What a bare number stands for, by the end of the key it is given to.
NUMBER_FORMS: Mapping[str, str] = {
    "lr_policy": "{{type: Fixed, base_lr: {0}}}",
    "mom_policy": "{{type: Fixed, momentum: {0}}}",
    "_init": "{{type: Constant, value: {0}}}",
    "_regu": "{{type: L2Regu, coef: {0}}}",
    "_cons": "{{type: L2Cons, threshold: {0}}}",
}
