"""The messages of Caffe's files: for each field its number, its type and its default.

A line of the table is a message; ``*`` after a type says that the field is repeated. The types
are ``i32 i64 u32`` (whole numbers), ``f d`` (float32, float64), ``b`` (true or false), ``s``
(text), ``y`` (bytes), or the name of an enumeration or message. A name missing here is a field
that Caffe does not know.

Some are not of Caffe itself but widely used: Permute and Normalize of SSD, Upsample and Interp of
the nets for YOLO, DeepLab and PSPNet, ShuffleChannel of ShuffleNet. The numbers of the last three
differ from fork to fork: those here are no fork's, and they are read from text alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

_SCALARS = ("i32", "i64", "u32", "f", "d", "b", "s", "y")

_ENUMS = """
Phase: TRAIN 0, TEST 1
DimCheckMode: STRICT 0, PERMISSIVE 1
VarianceNorm: FAN_IN 0, FAN_OUT 1, AVERAGE 2
NormalizationMode: FULL 0, VALID 1, BATCH_SIZE 2, NONE 3
Engine: DEFAULT 0, CAFFE 1, CUDNN 2
DB: LEVELDB 0, LMDB 1
EltwiseOp: PROD 0, SUM 1, MAX 2
Norm: L1 1, L2 2
NormRegion: ACROSS_CHANNELS 0, WITHIN_CHANNEL 1
PoolMethod: MAX 0, AVE 1, STOCHASTIC 2
RoundMode: CEIL 0, FLOOR 1
ReductionOp: SUM 1, ASUM 2, SUMSQ 3, MEAN 4
SnapshotFormat: HDF5 0, BINARYPROTO 1
SolverMode: CPU 0, GPU 1
SolverType: SGD 0, NESTEROV 1, ADAGRAD 2, RMSPROP 3, ADADELTA 4, ADAM 5
V1LayerType: NONE 0, ACCURACY 1, BNLL 2, CONCAT 3, CONVOLUTION 4, DATA 5, DROPOUT 6,
 EUCLIDEAN_LOSS 7, FLATTEN 8, HDF5_DATA 9, HDF5_OUTPUT 10, IM2COL 11, IMAGE_DATA 12,
 INFOGAIN_LOSS 13, INNER_PRODUCT 14, LRN 15, MULTINOMIAL_LOGISTIC_LOSS 16, POOLING 17, RELU 18,
 SIGMOID 19, SOFTMAX 20, SOFTMAX_LOSS 21, SPLIT 22, TANH 23, WINDOW_DATA 24, ELTWISE 25, POWER 26,
 SIGMOID_CROSS_ENTROPY_LOSS 27, HINGE_LOSS 28, MEMORY_DATA 29, ARGMAX 30, THRESHOLD 31,
 DUMMY_DATA 32, SLICE 33, MVN 34, ABSVAL 35, SILENCE 36, CONTRASTIVE_LOSS 37, EXP 38,
 DECONVOLUTION 39
"""

_MESSAGES = """
NetParameter: name 1 s, layers 2 V1LayerParameter*, input 3 s*, input_dim 4 i32*,
 force_backward 5 b, state 6 NetState, debug_info 7 b, input_shape 8 BlobShape*,
 layer 100 LayerParameter*
LayerParameter: name 1 s, type 2 s, bottom 3 s*, top 4 s*, loss_weight 5 f*, param 6 ParamSpec*,
 blobs 7 BlobProto*, include 8 NetStateRule*, exclude 9 NetStateRule*, phase 10 Phase,
 propagate_down 11 b*, transform_param 100 TransformationParameter, loss_param 101 LossParameter,
 accuracy_param 102 AccuracyParameter, argmax_param 103 ArgMaxParameter,
 concat_param 104 ConcatParameter, contrastive_loss_param 105 ContrastiveLossParameter,
 convolution_param 106 ConvolutionParameter, data_param 107 DataParameter,
 dropout_param 108 DropoutParameter, dummy_data_param 109 DummyDataParameter,
 eltwise_param 110 EltwiseParameter, exp_param 111 ExpParameter,
 hdf5_data_param 112 HDF5DataParameter, hdf5_output_param 113 HDF5OutputParameter,
 hinge_loss_param 114 HingeLossParameter, image_data_param 115 ImageDataParameter,
 infogain_loss_param 116 InfogainLossParameter, inner_product_param 117 InnerProductParameter,
 lrn_param 118 LRNParameter, memory_data_param 119 MemoryDataParameter, mvn_param 120 MVNParameter,
 pooling_param 121 PoolingParameter, power_param 122 PowerParameter, relu_param 123 ReLUParameter,
 sigmoid_param 124 EngineParameter, softmax_param 125 SoftmaxParameter,
 slice_param 126 SliceParameter, tanh_param 127 EngineParameter,
 threshold_param 128 ThresholdParameter, window_data_param 129 WindowDataParameter,
 python_param 130 PythonParameter, prelu_param 131 PReLUParameter, spp_param 132 SPPParameter,
 reshape_param 133 ReshapeParameter, log_param 134 ExpParameter,
 flatten_param 135 FlattenParameter, reduction_param 136 ReductionParameter,
 embed_param 137 EmbedParameter, tile_param 138 TileParameter,
 batch_norm_param 139 BatchNormParameter, elu_param 140 ELUParameter, bias_param 141 BiasParameter,
 scale_param 142 ScaleParameter, input_param 143 InputParameter, crop_param 144 CropParameter,
 parameter_param 145 ParameterParameter, recurrent_param 146 RecurrentParameter,
 swish_param 147 SwishParameter, clip_param 148 ClipParameter, permute_param 202 PermuteParameter,
 norm_param 206 NormalizeParameter, upsample_param 10001 UpsampleParameter,
 interp_param 10002 InterpParameter, shuffle_channel_param 10003 ShuffleChannelParameter
V1LayerParameter: layer 1 V0LayerParameter, bottom 2 s*, top 3 s*, name 4 s, type 5 V1LayerType,
 blobs 6 BlobProto*, blobs_lr 7 f*, weight_decay 8 f*, concat_param 9 ConcatParameter,
 convolution_param 10 ConvolutionParameter, data_param 11 DataParameter,
 dropout_param 12 DropoutParameter, hdf5_data_param 13 HDF5DataParameter,
 hdf5_output_param 14 HDF5OutputParameter, image_data_param 15 ImageDataParameter,
 infogain_loss_param 16 InfogainLossParameter, inner_product_param 17 InnerProductParameter,
 lrn_param 18 LRNParameter, pooling_param 19 PoolingParameter,
 window_data_param 20 WindowDataParameter, power_param 21 PowerParameter,
 memory_data_param 22 MemoryDataParameter, argmax_param 23 ArgMaxParameter,
 eltwise_param 24 EltwiseParameter, threshold_param 25 ThresholdParameter,
 dummy_data_param 26 DummyDataParameter, accuracy_param 27 AccuracyParameter,
 hinge_loss_param 29 HingeLossParameter, relu_param 30 ReLUParameter,
 slice_param 31 SliceParameter, include 32 NetStateRule*, exclude 33 NetStateRule*,
 mvn_param 34 MVNParameter, loss_weight 35 f*, transform_param 36 TransformationParameter,
 tanh_param 37 EngineParameter, sigmoid_param 38 EngineParameter,
 softmax_param 39 SoftmaxParameter, contrastive_loss_param 40 ContrastiveLossParameter,
 exp_param 41 ExpParameter, loss_param 42 LossParameter, param 1001 s*,
 blob_share_mode 1002 DimCheckMode*
V0LayerParameter: name 1 s, type 2 s, num_output 3 u32, biasterm 4 b =true,
 weight_filler 5 FillerParameter, bias_filler 6 FillerParameter, pad 7 u32 =0, kernelsize 8 u32,
 group 9 u32 =1, stride 10 u32 =1, pool 11 PoolMethod =MAX, dropout_ratio 12 f =0.5,
 local_size 13 u32 =5, alpha 14 f =1, beta 15 f =0.75, source 16 s, scale 17 f =1, meanfile 18 s,
 batchsize 19 u32, cropsize 20 u32 =0, mirror 21 b =false, k 22 f =1, blobs 50 BlobProto*,
 blobs_lr 51 f*, weight_decay 52 f*, rand_skip 53 u32 =0, det_fg_threshold 54 f =0.5,
 det_bg_threshold 55 f =0.5, det_fg_fraction 56 f =0.25, det_context_pad 58 u32 =0,
 det_crop_mode 59 s, new_num 60 i32 =0, new_channels 61 i32 =0, new_height 62 i32 =0,
 new_width 63 i32 =0, shuffle_images 64 b =false, concat_dim 65 u32 =1,
 hdf5_output_param 1001 HDF5OutputParameter
BlobShape: dim 1 i64*
BlobProto: num 1 i32 =0, channels 2 i32 =0, height 3 i32 =0, width 4 i32 =0, data 5 f*, diff 6 f*,
 shape 7 BlobShape, double_data 8 d*, double_diff 9 d*
BlobProtoVector: blobs 1 BlobProto*
Datum: channels 1 i32, height 2 i32, width 3 i32, data 4 y, label 5 i32, float_data 6 f*,
 encoded 7 b =false
FillerParameter: type 1 s =constant, value 2 f =0, min 3 f =0, max 4 f =1, mean 5 f =0, std 6 f =1,
 sparse 7 i32 =-1, variance_norm 8 VarianceNorm =FAN_IN
NetState: phase 1 Phase =TEST, level 2 i32 =0, stage 3 s*
NetStateRule: phase 1 Phase, min_level 2 i32, max_level 3 i32, stage 4 s*, not_stage 5 s*
ParamSpec: name 1 s, share_mode 2 DimCheckMode =STRICT, lr_mult 3 f =1, decay_mult 4 f =1
TransformationParameter: scale 1 f =1, mirror 2 b =false, crop_size 3 u32 =0, mean_file 4 s,
 mean_value 5 f*, force_color 6 b =false, force_gray 7 b =false
LossParameter: ignore_label 1 i32, normalize 2 b, normalization 3 NormalizationMode =VALID
AccuracyParameter: top_k 1 u32 =1, axis 2 i32 =1, ignore_label 3 i32
ArgMaxParameter: out_max_val 1 b =false, top_k 2 u32 =1, axis 3 i32
ClipParameter: min 1 f, max 2 f
ConcatParameter: concat_dim 1 u32 =1, axis 2 i32 =1
BatchNormParameter: use_global_stats 1 b, moving_average_fraction 2 f =0.999, eps 3 f =1e-5
BiasParameter: axis 1 i32 =1, num_axes 2 i32 =1, filler 3 FillerParameter
ContrastiveLossParameter: margin 1 f =1, legacy_version 2 b =false
ConvolutionParameter: num_output 1 u32, bias_term 2 b =true, pad 3 u32*, kernel_size 4 u32*,
 group 5 u32 =1, stride 6 u32*, weight_filler 7 FillerParameter, bias_filler 8 FillerParameter,
 pad_h 9 u32 =0, pad_w 10 u32 =0, kernel_h 11 u32, kernel_w 12 u32, stride_h 13 u32,
 stride_w 14 u32, engine 15 Engine =DEFAULT, axis 16 i32 =1, force_nd_im2col 17 b =false,
 dilation 18 u32*
CropParameter: axis 1 i32 =2, offset 2 u32*
DataParameter: source 1 s, scale 2 f =1, mean_file 3 s, batch_size 4 u32, crop_size 5 u32 =0,
 mirror 6 b =false, rand_skip 7 u32 =0, backend 8 DB =LEVELDB, force_encoded_color 9 b =false,
 prefetch 10 u32 =4
DropoutParameter: dropout_ratio 1 f =0.5
DummyDataParameter: data_filler 1 FillerParameter*, num 2 u32*, channels 3 u32*, height 4 u32*,
 width 5 u32*, shape 6 BlobShape*
EltwiseParameter: operation 1 EltwiseOp =SUM, coeff 2 f*, stable_prod_grad 3 b =true
ELUParameter: alpha 1 f =1
EmbedParameter: num_output 1 u32, input_dim 2 u32, bias_term 3 b =true,
 weight_filler 4 FillerParameter, bias_filler 5 FillerParameter
EngineParameter: engine 1 Engine =DEFAULT
ExpParameter: base 1 f =-1, scale 2 f =1, shift 3 f =0
FlattenParameter: axis 1 i32 =1, end_axis 2 i32 =-1
HDF5DataParameter: source 1 s, batch_size 2 u32, shuffle 3 b =false
HDF5OutputParameter: file_name 1 s
HingeLossParameter: norm 1 Norm =L1
ImageDataParameter: source 1 s, scale 2 f =1, mean_file 3 s, batch_size 4 u32 =1,
 crop_size 5 u32 =0, mirror 6 b =false, rand_skip 7 u32 =0, shuffle 8 b =false,
 new_height 9 u32 =0, new_width 10 u32 =0, is_color 11 b =true, root_folder 12 s
InfogainLossParameter: source 1 s, axis 2 i32 =1
InnerProductParameter: num_output 1 u32, bias_term 2 b =true, weight_filler 3 FillerParameter,
 bias_filler 4 FillerParameter, axis 5 i32 =1, transpose 6 b =false
InputParameter: shape 1 BlobShape*
InterpParameter: height 1 i32 =0, width 2 i32 =0, zoom_factor 3 i32 =1, shrink_factor 4 i32 =1,
 pad_beg 5 i32 =0, pad_end 6 i32 =0
LRNParameter: local_size 1 u32 =5, alpha 2 f =1, beta 3 f =0.75,
 norm_region 4 NormRegion =ACROSS_CHANNELS, k 5 f =1, engine 6 Engine =DEFAULT
MemoryDataParameter: batch_size 1 u32, channels 2 u32, height 3 u32, width 4 u32
MVNParameter: normalize_variance 1 b =true, across_channels 2 b =false, eps 3 f =1e-9
NormalizeParameter: across_spatial 1 b =true, scale_filler 2 FillerParameter,
 channel_shared 3 b =true, eps 4 f =1e-10
ParameterParameter: shape 1 BlobShape
PermuteParameter: order 1 u32*
PoolingParameter: pool 1 PoolMethod =MAX, kernel_size 2 u32, stride 3 u32 =1, pad 4 u32 =0,
 kernel_h 5 u32, kernel_w 6 u32, stride_h 7 u32, stride_w 8 u32, pad_h 9 u32 =0, pad_w 10 u32 =0,
 engine 11 Engine =DEFAULT, global_pooling 12 b =false, round_mode 13 RoundMode =CEIL
PowerParameter: power 1 f =1, scale 2 f =1, shift 3 f =0
PythonParameter: module 1 s, layer 2 s, param_str 3 s, share_in_parallel 4 b =false
RecurrentParameter: num_output 1 u32 =0, weight_filler 2 FillerParameter,
 bias_filler 3 FillerParameter, debug_info 4 b =false, expose_hidden 5 b =false
ReductionParameter: operation 1 ReductionOp =SUM, axis 2 i32 =0, coeff 3 f =1
ReLUParameter: negative_slope 1 f =0, engine 2 Engine =DEFAULT
ReshapeParameter: shape 1 BlobShape, axis 2 i32 =0, num_axes 3 i32 =-1
ScaleParameter: axis 1 i32 =1, num_axes 2 i32 =1, filler 3 FillerParameter, bias_term 4 b =false,
 bias_filler 5 FillerParameter
SoftmaxParameter: engine 1 Engine =DEFAULT, axis 2 i32 =1
SliceParameter: slice_dim 1 u32 =1, slice_point 2 u32*, axis 3 i32 =1
ShuffleChannelParameter: group 1 u32 =1
SwishParameter: beta 1 f =1
ThresholdParameter: threshold 1 f =0
TileParameter: axis 1 i32 =1, tiles 2 i32
UpsampleParameter: scale 1 i32 =2, scale_h 2 i32, scale_w 3 i32, pad_out_h 4 b =false,
 pad_out_w 5 b =false, upsample_h 6 i32, upsample_w 7 i32
WindowDataParameter: source 1 s, scale 2 f =1, mean_file 3 s, batch_size 4 u32, crop_size 5 u32 =0,
 mirror 6 b =false, fg_threshold 7 f =0.5, bg_threshold 8 f =0.5, fg_fraction 9 f =0.25,
 context_pad 10 u32 =0, crop_mode 11 s, cache_images 12 b =false, root_folder 13 s
SPPParameter: pyramid_height 1 u32, pool 2 PoolMethod =MAX, engine 6 Engine =DEFAULT
PReLUParameter: filler 1 FillerParameter, channel_shared 2 b =false
SolverParameter: train_net 1 s, test_net 2 s*, test_iter 3 i32*, test_interval 4 i32 =0,
 base_lr 5 f, display 6 i32, max_iter 7 i32, lr_policy 8 s, gamma 9 f, power 10 f, momentum 11 f,
 weight_decay 12 f, stepsize 13 i32, snapshot 14 i32 =0, snapshot_prefix 15 s,
 snapshot_diff 16 b =false, solver_mode 17 SolverMode =GPU, device_id 18 i32 =0,
 test_compute_loss 19 b =false, random_seed 20 i64 =-1, train_net_param 21 NetParameter,
 test_net_param 22 NetParameter*, debug_info 23 b =false, net 24 s, net_param 25 NetParameter,
 train_state 26 NetState, test_state 27 NetState*, snapshot_after_train 28 b =true,
 regularization_type 29 s =L2, solver_type 30 SolverType =SGD, delta 31 f =1e-8,
 test_initialization 32 b =true, average_loss 33 i32 =1, stepvalue 34 i32*,
 clip_gradients 35 f =-1, iter_size 36 i32 =1, snapshot_format 37 SnapshotFormat =BINARYPROTO,
 rms_decay 38 f =0.99, momentum2 39 f =0.999, type 40 s =SGD, layer_wise_reduce 41 b =true,
 weights 42 s*
SolverState: iter 1 i32, learned_net 2 s, history 3 BlobProto*, current_step 4 i32 =0
"""


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes:
        name: As in text.
        number: As on the wire.
        type: One of the scalars, or the name of an enumeration or message.
        repeated: Whether it may stand there several times.
        default: What counts where it is absent.
    """

    name: str
    number: int
    type: str
    repeated: bool
    default: Any = None

    @property
    def is_message(self) -> bool:
        """Whether its values have fields themselves."""
        return self.type not in _SCALARS and self.type not in ENUMS

    @property
    def is_enum(self) -> bool:
        """Whether its values are names of an enumeration."""
        return self.type in ENUMS


@dataclass(frozen=True)
class MessageKind:
    """One kind of message.

    Attributes:
        name: What Caffe calls it.
        fields: By name.
    """

    name: str
    fields: Mapping[str, Field]

    @cached_property
    def by_number(self) -> Mapping[int, Field]:
        """The fields by their numbers on the wire."""
        return {field.number: field for field in self.fields.values()}


def _lines(table: str) -> list[tuple[str, list[str]]]:
    """The names and the items of a table's lines."""
    joined = table.strip().replace("\n ", " ").splitlines()
    parts = [line.partition(": ") for line in joined]
    return [(name, items.split(", ")) for name, _, items in parts]


def _read_enums() -> dict[str, dict[str, int]]:
    pairs = {name: [item.split() for item in items] for name, items in _lines(_ENUMS)}
    return {name: {word: int(number) for word, number in found} for name, found in pairs.items()}


#: The names of each enumeration and their numbers.
ENUMS: Mapping[str, Mapping[str, int]] = MappingProxyType(_read_enums())


def _default(kind: str, text: str) -> Any:
    if kind in ("i32", "i64", "u32"):
        return int(text)
    if kind in ("f", "d"):
        return float(text)
    return text == "true" if kind == "b" else text


def _field(item: str) -> Field:
    name, number, kind, *rest = item.split()
    default = _default(kind, rest[0].removeprefix("=")) if rest else None
    return Field(name, int(number), kind.removesuffix("*"), kind.endswith("*"), default)


def _read_kinds() -> dict[str, MessageKind]:
    found = {name: [_field(item) for item in items] for name, items in _lines(_MESSAGES)}
    return {name: MessageKind(name, {f.name: f for f in fields}) for name, fields in found.items()}


#: The kinds of messages by name.
KINDS: Mapping[str, MessageKind] = MappingProxyType(_read_kinds())
