"""Small models of timm and transformers: how to build each, and its inputs."""

import dataclasses
from typing import Callable

import numpy as np
import torch


@dataclasses.dataclass
class Case:
    """A model. `make` gives the module, its inputs by name, and their open axes;
    `pick` takes what is compared from what the module returns."""

    name: str
    make: Callable
    pick: Callable


def positional(module, names, pick):
    """A module that takes `names` by position, as exporters want, and gives
    what `pick` takes of the result. The signature is written out, for
    torch.export cannot guard what comes as *arguments."""

    class Wrapper(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module, self.pick = module, pick

    scope = {}
    listed = ", ".join(names)
    passed = ", ".join(f"{name}={name}" for name in names)
    exec(f"def forward(self, {listed}):\n    return self.pick(self.module({passed}))", scope)
    Wrapper.forward = scope["forward"]
    return Wrapper()


CASES = []

BATCH_SEQUENCE = {0: "batch", 1: "sequence"}


def case(name, pick):
    def add(make):
        CASES.append(Case(name, make, pick))
        return make

    return add


def tokens(batch=2, length=13, vocabulary=99, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, vocabulary, (batch, length), generator=generator)


def mask(batch=2, length=13):
    """One row whole, the others with padding at the end."""
    out = torch.ones(batch, length, dtype=torch.int64)
    for row in range(1, batch):
        out[row, length - 2 * row :] = 0
    return out


def image(size, channels=3, batch=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, channels, size, size, generator=generator)


def text_inputs(**sizes):
    inputs = {"input_ids": tokens(**sizes), "attention_mask": mask(**{k: v for k, v in sizes.items() if k != "vocabulary"})}
    return inputs, {name: BATCH_SEQUENCE for name in inputs}


SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, vocab_size=99)


def hidden(output):
    return output.last_hidden_state


def logits(output):
    return output.logits


# timm


def timm_model(name, factory, size):
    CASES.append(Case(name, lambda: (factory(), {"x": image(size)}, {"x": {0: "batch"}}), lambda output: output))


def deit():
    from timm.models.deit import VisionTransformerDistilled

    return VisionTransformerDistilled(img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=3, num_classes=10)


def vit_gap():
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=3, num_classes=10, class_token=False, global_pool="avg", qk_norm=True, init_values=0.1)


def swin():
    from timm.models.swin_transformer import SwinTransformer

    return SwinTransformer(img_size=64, patch_size=4, embed_dim=24, depths=(2, 2), num_heads=(2, 4), window_size=4, num_classes=10)


def convnext():
    from timm.models.convnext import ConvNeXt

    return ConvNeXt(depths=(1, 1, 1, 1), dims=(16, 24, 32, 48), num_classes=10)


def coatnet():
    from timm.models.maxxvit import MaxxVit, MaxxVitCfg

    return MaxxVit(MaxxVitCfg(embed_dim=(16, 24, 32, 48), depths=(1, 1, 1, 1), block_type=("C", "C", "T", "T"), stem_width=16), img_size=64, num_classes=10)


def convnext_hybrid():
    from functools import partial

    from timm.models.convnext import ConvNeXt
    from timm.models.vision_transformer import VisionTransformer
    from timm.models.vision_transformer_hybrid import HybridEmbed

    net = ConvNeXt(depths=(1, 1, 1, 1), dims=(16, 24, 32, 48), num_classes=0)
    backbone = torch.nn.Sequential(net.stem, net.stages)
    backbone.num_features = 48
    embed = partial(HybridEmbed, backbone=backbone, feature_size=(2, 2))
    return VisionTransformer(img_size=64, patch_size=1, embed_dim=48, depth=2, num_heads=3, num_classes=10, embed_layer=embed)


def hybrid():
    from timm.models.levit import Levit

    return Levit(img_size=64, embed_dim=(32, 48, 64), key_dim=16, depth=(1, 1, 1), num_heads=(2, 3, 4), num_classes=10)


def poolformer():
    from timm.models.metaformer import MetaFormer, Pooling

    return MetaFormer(depths=(1, 1, 1, 1), dims=(16, 24, 32, 48), token_mixers=Pooling, num_classes=10)


def cait():
    from timm.models.cait import Cait

    return Cait(img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=4, num_classes=10)


def beit():
    from timm.models.beit import Beit

    return Beit(img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=3, num_classes=10, use_abs_pos_emb=False, use_rel_pos_bias=True)


for name, factory, size in [
    ("timm_deit", deit, 32), ("timm_vit_gap", vit_gap, 32), ("timm_swin", swin, 64),
    ("timm_convnext", convnext, 64), ("timm_coatnet", coatnet, 64), ("timm_levit", hybrid, 64),
    ("timm_convnext_hybrid", convnext_hybrid, 64), ("timm_poolformer", poolformer, 64), ("timm_cait", cait, 32), ("timm_beit", beit, 32),
]:
    timm_model(name, factory, size)


# Encoders


def encoder(name, configuration, model, **extra):
    @case(name, hidden)
    def make():
        import transformers

        config = getattr(transformers, configuration)(**{**SMALL, "max_position_embeddings": 64, **extra})
        inputs, axes = text_inputs()
        return getattr(transformers, model)(config), inputs, axes


encoder("bert", "BertConfig", "BertModel")
encoder("roberta", "RobertaConfig", "RobertaModel")
encoder("electra", "ElectraConfig", "ElectraModel", embedding_size=16)
encoder("deberta", "DebertaConfig", "DebertaModel", relative_attention=True, pos_att_type=["c2p", "p2c"])
encoder("mpnet", "MPNetConfig", "MPNetModel")
encoder("distilbert", "DistilBertConfig", "DistilBertModel", dim=32, hidden_dim=64, n_heads=4, n_layers=2)


encoder("albert", "AlbertConfig", "AlbertModel", embedding_size=16)
encoder("camembert", "CamembertConfig", "CamembertModel")
encoder("convbert", "ConvBertConfig", "ConvBertModel", embedding_size=32, head_ratio=2)
encoder("deberta_v2", "DebertaV2Config", "DebertaV2Model", relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=8)
encoder("esm", "EsmConfig", "EsmModel", pad_token_id=1, position_embedding_type="rotary")
encoder("layoutlm", "LayoutLMConfig", "LayoutLMModel")
encoder("megatron_bert", "MegatronBertConfig", "MegatronBertModel")
encoder("mobilebert", "MobileBertConfig", "MobileBertModel", embedding_size=16, intra_bottleneck_size=16, true_hidden_size=16)
encoder("modernbert", "ModernBertConfig", "ModernBertModel", local_attention=4, pad_token_id=0)
encoder("rembert", "RemBertConfig", "RemBertModel", input_embedding_size=16, output_embedding_size=16)
encoder("roc_bert", "RoCBertConfig", "RoCBertModel", enable_pronunciation=False, enable_shape=False)
encoder("roformer", "RoFormerConfig", "RoFormerModel", embedding_size=32)
encoder("squeezebert", "SqueezeBertConfig", "SqueezeBertModel", embedding_size=32)
encoder("xlm_roberta", "XLMRobertaConfig", "XLMRobertaModel")
encoder("yoso", "YosoConfig", "YosoModel", use_expectation=True)


@case("nystromformer", hidden)
def nystromformer():
    from transformers import NystromformerConfig, NystromformerModel

    config = NystromformerConfig(**SMALL, max_position_embeddings=64, num_landmarks=4, segment_means_seq_len=16, conv_kernel_size=3)
    model = NystromformerModel(config)

    class Unmasked(torch.nn.Module):
        """The model makes masks of all tokens, which its landmarks do not fit."""

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids):
            return self.model.encoder(self.model.embeddings(input_ids))

    return Unmasked(), {"input_ids": tokens(length=16)}, {"input_ids": {0: "batch"}}


@case("fnet", hidden)
def fnet():
    from transformers import FNetConfig, FNetModel

    config = FNetConfig(**{k: v for k, v in SMALL.items() if k != "num_attention_heads"}, max_position_embeddings=64, use_tpu_fourier_optimizations=False)
    return FNetModel(config), {"input_ids": tokens(length=16)}, {"input_ids": {0: "batch"}}


@case("funnel", hidden)
def funnel():
    from transformers import FunnelConfig, FunnelModel

    config = FunnelConfig(vocab_size=99, block_sizes=[1, 1], num_decoder_layers=1, d_model=32, n_head=4, d_head=8, d_inner=64)
    inputs, _ = text_inputs(length=16)
    return FunnelModel(config), inputs, {}


@case("reformer", hidden)
def reformer():
    from transformers import ReformerConfig, ReformerModel

    config = ReformerConfig(attention_head_size=8, attn_layers=["local", "lsh"], axial_pos_embds=False, feed_forward_size=64, hidden_size=32, num_attention_heads=4, num_buckets=4, num_hashes=1, lsh_attn_chunk_length=8, local_attn_chunk_length=8, max_position_embeddings=32, vocab_size=99, hash_seed=0, is_decoder=False)
    return ReformerModel(config), {"input_ids": tokens(length=32)}, {}


@case("longformer", hidden)
def longformer():
    from transformers import LongformerConfig, LongformerModel

    config = LongformerConfig(**SMALL, attention_window=4, max_position_embeddings=64)
    inputs, axes = text_inputs(length=16)
    return LongformerModel(config), inputs, {name: {0: "batch"} for name in axes}


@case("big_bird", hidden)
def big_bird():
    from transformers import BigBirdConfig, BigBirdModel

    config = BigBirdConfig(**SMALL, attention_type="block_sparse", block_size=4, num_random_blocks=1, max_position_embeddings=64)
    inputs, axes = text_inputs(length=48)
    return BigBirdModel(config), inputs, {}


# Decoders


def decoder(name, configuration, model, experts=None, **extra):
    """`experts` is how transformers computes those of a mixture."""

    @case(name, logits)
    def make():
        import transformers

        config = getattr(transformers, configuration)(**{**SMALL, "max_position_embeddings": 64, "use_cache": False, **extra})
        if experts:
            config._experts_implementation = experts
        inputs, axes = text_inputs()
        return getattr(transformers, model)(config), inputs, axes


decoder("gpt2", "GPT2Config", "GPT2LMHeadModel", n_embd=32, n_layer=2, n_head=4, n_positions=64)
decoder("gpt_neox", "GPTNeoXConfig", "GPTNeoXForCausalLM")
decoder("llama", "LlamaConfig", "LlamaForCausalLM", num_key_value_heads=2)
decoder("qwen2", "Qwen2Config", "Qwen2ForCausalLM", num_key_value_heads=2)
decoder("mistral", "MistralConfig", "MistralForCausalLM", num_key_value_heads=2, sliding_window=4)


decoder("bloom", "BloomConfig", "BloomForCausalLM", n_layer=2, n_head=4)
decoder("codegen", "CodeGenConfig", "CodeGenForCausalLM", n_embd=32, n_layer=2, n_head=4, n_positions=64, rotary_dim=4)
decoder("cohere", "CohereConfig", "CohereForCausalLM", num_key_value_heads=2)
decoder("falcon", "FalconConfig", "FalconForCausalLM", multi_query=True)
decoder("gemma", "GemmaConfig", "GemmaForCausalLM", num_key_value_heads=1, head_dim=8)
decoder("gemma2", "Gemma2Config", "Gemma2ForCausalLM", num_key_value_heads=2, head_dim=8, sliding_window=4)
decoder("gptj", "GPTJConfig", "GPTJForCausalLM", n_embd=32, n_layer=2, n_head=4, n_positions=64, rotary_dim=4)
decoder("gpt_neo", "GPTNeoConfig", "GPTNeoForCausalLM", num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]], window_size=4)
decoder("mixtral", "MixtralConfig", "MixtralForCausalLM", experts="batched_mm", num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2)
decoder("mpt", "MptConfig", "MptForCausalLM", d_model=32, n_heads=4, n_layers=2, max_seq_len=64)
decoder("olmo", "OlmoConfig", "OlmoForCausalLM", num_key_value_heads=2)
decoder("opt", "OPTConfig", "OPTForCausalLM", ffn_dim=64, word_embed_proj_dim=32)
decoder("phi", "PhiConfig", "PhiForCausalLM")
decoder("phi3", "Phi3Config", "Phi3ForCausalLM", num_key_value_heads=2, pad_token_id=0)
decoder("qwen3", "Qwen3Config", "Qwen3ForCausalLM", num_key_value_heads=2, head_dim=8)
decoder("qwen2_moe", "Qwen2MoeConfig", "Qwen2MoeForCausalLM", experts="batched_mm", num_key_value_heads=2, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=32)
decoder("stablelm", "StableLmConfig", "StableLmForCausalLM", num_key_value_heads=2)
decoder("starcoder2", "Starcoder2Config", "Starcoder2ForCausalLM", num_key_value_heads=2)


@case("rwkv", logits)
def rwkv():
    from transformers import RwkvConfig, RwkvForCausalLM

    config = RwkvConfig(hidden_size=32, attention_hidden_size=32, num_hidden_layers=2, vocab_size=99, context_length=16, use_cache=False)
    return RwkvForCausalLM(config), {"input_ids": tokens(length=9)}, {}


@case("mamba", logits)
def mamba():
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(hidden_size=32, num_hidden_layers=2, vocab_size=99, state_size=8, use_cache=False)
    return MambaForCausalLM(config), {"input_ids": tokens(length=9)}, {"input_ids": {0: "batch"}}


# Encoders and decoders


@case("bart", logits)
def bart():
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=99, max_position_embeddings=64, use_cache=False)
    inputs, axes = text_inputs()
    inputs["decoder_input_ids"] = tokens(length=7, seed=1)
    axes["decoder_input_ids"] = {0: "batch", 1: "target"}
    return BartForConditionalGeneration(config), inputs, axes


class T5Step(torch.nn.Module):
    """One step of T5's decoder with the keys and values of those before it."""

    def __init__(self, model, layers):
        super().__init__()
        self.model, self.layers = model, layers

    def forward(self, decoder_input_ids, encoder_hidden_states, **past):
        from transformers.cache_utils import DynamicCache, EncoderDecoderCache

        own, cross = DynamicCache(), DynamicCache()
        for layer in range(self.layers):
            own.update(past[f"past_key_{layer}"], past[f"past_value_{layer}"], layer)
            cross.update(past[f"cross_key_{layer}"], past[f"cross_value_{layer}"], layer)
        cache = EncoderDecoderCache(own, cross)
        output = self.model(
            decoder_input_ids=decoder_input_ids,
            encoder_outputs=(encoder_hidden_states,),
            past_key_values=cache,
            use_cache=True,
        )
        grown = output.past_key_values.self_attention_cache
        flat = [output.logits]
        for layer in range(self.layers):
            flat += [grown.layers[layer].keys, grown.layers[layer].values]
        return tuple(flat)


@case("t5_step", lambda output: output)
def t5_step():
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, vocab_size=99)
    model = T5ForConditionalGeneration(config)
    generator = torch.Generator().manual_seed(0)
    inputs = {
        "decoder_input_ids": tokens(length=1),
        "encoder_hidden_states": torch.randn(2, 11, 32, generator=generator),
    }
    axes = {"decoder_input_ids": {0: "batch"}, "encoder_hidden_states": {0: "batch", 1: "source"}}
    for layer in range(2):
        for kind, length, axis in [("past", 5, "past"), ("cross", 11, "source")]:
            for part in ("key", "value"):
                name = f"{kind}_{part}_{layer}"
                inputs[name] = torch.randn(2, 4, length, 8, generator=generator)
                axes[name] = {0: "batch", 2: axis}
    return T5Step(model, 2), inputs, axes


@case("t5", logits)
def t5():
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, vocab_size=99, use_cache=False, feed_forward_proj="gated-gelu")
    inputs, axes = text_inputs()
    inputs["decoder_input_ids"] = tokens(length=7, seed=1)
    axes["decoder_input_ids"] = {0: "batch", 1: "target"}
    return T5ForConditionalGeneration(config), inputs, axes


@case("pegasus", logits)
def pegasus():
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    config = PegasusConfig(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=99, max_position_embeddings=64, use_cache=False)
    inputs, axes = text_inputs()
    inputs["decoder_input_ids"] = tokens(length=7, seed=1)
    axes["decoder_input_ids"] = {0: "batch", 1: "target"}
    return PegasusForConditionalGeneration(config), inputs, axes


# Images


def vision(name, configuration, model, size=32, pick=hidden, **extra):
    @case(name, pick)
    def make():
        import transformers

        config = getattr(transformers, configuration)(**extra)
        return getattr(transformers, model)(config), {"pixel_values": image(size)}, {"pixel_values": {0: "batch"}}


TOWER = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32, patch_size=8)
vision("vit", "ViTConfig", "ViTModel", **TOWER)
vision("dinov2", "Dinov2Config", "Dinov2Model", **{k: v for k, v in TOWER.items() if k != "intermediate_size"})
vision("siglip_vision", "SiglipVisionConfig", "SiglipVisionModel", **TOWER)
vision("swin_hf", "SwinConfig", "SwinModel", size=64, image_size=64, patch_size=4, embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=4)
vision("swinv2", "Swinv2Config", "Swinv2Model", size=64, image_size=64, patch_size=4, embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=4)
vision("segformer", "SegformerConfig", "SegformerModel", size=64, depths=[1, 1, 1, 1], hidden_sizes=[16, 24, 32, 48], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=32)
vision("pvt", "PvtConfig", "PvtModel", size=64, image_size=64, depths=[1, 1, 1, 1], hidden_sizes=[16, 24, 32, 48], num_attention_heads=[1, 2, 2, 4])
vision("mobilevit", "MobileViTConfig", "MobileViTModel", size=64, image_size=64, hidden_sizes=[16, 24, 32], neck_hidden_sizes=[8, 8, 16, 16, 24, 24, 32], num_attention_heads=4)
vision("mobilevitv2", "MobileViTV2Config", "MobileViTV2Model", size=64, image_size=64, width_multiplier=0.5)
vision("cvt", "CvtConfig", "CvtModel", size=32, embed_dim=[16, 24, 32], num_heads=[1, 2, 4], depth=[1, 2, 3])
vision("efficientformer", "LevitConfig", "LevitModel", size=64, image_size=64, hidden_sizes=[32, 48, 64], num_attention_heads=[2, 3, 4], depths=[1, 1, 1], key_dim=[16, 16, 16])
vision("data2vec_vision", "Data2VecVisionConfig", "Data2VecVisionModel", use_relative_position_bias=True, **TOWER)
vision("depth_anything", "DPTConfig", "DPTForDepthEstimation", pick=lambda output: output.predicted_depth, **{**TOWER, "num_hidden_layers": 4}, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 16, 24, 32], fusion_hidden_size=16, is_hybrid=False)
vision("yolos", "YolosConfig", "YolosModel", **{**TOWER, "image_size": [32, 32]}, num_detection_tokens=5)


@case("perceiver", logits)
def perceiver():
    from transformers import PerceiverConfig, PerceiverForMaskedLM

    config = PerceiverConfig(num_latents=8, d_latents=32, d_model=32, num_blocks=1, num_self_attends_per_block=2, num_self_attention_heads=4, num_cross_attention_heads=4, qk_channels=32, v_channels=32, vocab_size=99, max_position_embeddings=16)
    return PerceiverForMaskedLM(config), {"inputs": tokens(length=16)}, {"inputs": {0: "batch"}}


# Sound, and images with text


@case("wav2vec2", hidden)
def wav2vec2():
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    config = Wav2Vec2Config(**SMALL, conv_dim=(16, 16), conv_stride=(5, 2), conv_kernel=(10, 3), num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4)
    generator = torch.Generator().manual_seed(0)
    return Wav2Vec2Model(config), {"input_values": torch.randn(2, 400, generator=generator)}, {"input_values": {0: "batch"}}


@case("hubert", hidden)
def hubert():
    from transformers import HubertConfig, HubertModel

    config = HubertConfig(**SMALL, conv_dim=(16, 16), conv_stride=(5, 2), conv_kernel=(10, 3), num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4)
    generator = torch.Generator().manual_seed(0)
    return HubertModel(config), {"input_values": torch.randn(2, 400, generator=generator)}, {"input_values": {0: "batch"}}


@case("ast", hidden)
def ast():
    from transformers import ASTConfig, ASTModel

    config = ASTConfig(**{k: v for k, v in SMALL.items() if k != "vocab_size"}, patch_size=8, max_length=32, num_mel_bins=16, frequency_stride=8, time_stride=8)
    generator = torch.Generator().manual_seed(0)
    return ASTModel(config), {"input_values": torch.randn(2, 32, 16, generator=generator)}, {"input_values": {0: "batch"}}


@case("time_series", lambda output: output.prediction_outputs)
def patchtst():
    from transformers import PatchTSTConfig, PatchTSTForPrediction

    config = PatchTSTConfig(num_input_channels=3, context_length=32, patch_length=8, patch_stride=8, d_model=32, num_attention_heads=4, num_hidden_layers=2, ffn_dim=64, prediction_length=8)
    generator = torch.Generator().manual_seed(0)
    return PatchTSTForPrediction(config), {"past_values": torch.randn(2, 32, 3, generator=generator)}, {"past_values": {0: "batch"}}


@case("whisper_encoder", hidden)
def whisper_encoder():
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = WhisperConfig(d_model=32, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=64, num_mel_bins=16, max_source_positions=24, vocab_size=99)
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 16, 48, generator=generator)
    return WhisperEncoder(config), {"input_features": features}, {"input_features": {0: "batch"}}


@case("clip", lambda output: (output.logits_per_image, output.image_embeds))
def clip():
    from transformers import CLIPConfig, CLIPModel

    tower = {k: v for k, v in SMALL.items() if k != "vocab_size"}
    config = CLIPConfig(
        text_config={**tower, "vocab_size": 99, "max_position_embeddings": 16, "eos_token_id": 98},
        vision_config={**tower, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    ids = tokens(length=9)
    ids[:, -1] = 98
    inputs = {"input_ids": ids, "pixel_values": image(32), "attention_mask": torch.ones(2, 9, dtype=torch.int64)}
    return CLIPModel(config), inputs, {}
