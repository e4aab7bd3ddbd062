"""Adaptation: an encoder is trained on as a masked language model, on no text that a classifier is measured on."""

import json
import random
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertModel,
    DebertaV2Config,
    DistilBertConfig,
    GPT2Config,
    PreTrainedTokenizerFast,
    T5Config,
    XLMRobertaConfig,
)

from alft.adapt.masking import Masking
from alft.adapt.module import drift
from alft.adapt.network import MaskedNetwork, load
from alft.adapt.texts import Reading, essence, gather
from alft.cli.main import main
from alft.data.corpus import load_corpus
from alft.data.demo import make_reviews
from alft.models.backbone import load_network
from alft.record.folder import hold
from alft.selection.seeds import generator

from .conftest import write_csv
from .encoder_folders import SMALL, write_encoder
from .faults import Kill, run

QUICK = ["--data.max_length", "32", "--data.batch_size", "8", "--model.lr", "1e-3", "--trainer.accelerator", "cpu"]
QUICK += ["--trainer.enable_progress_bar", "false"]
ADAPT = ["adapt", "texts.txt", "--model.backbone", "tiny-bert", "--output", "out", *QUICK]


@pytest.fixture
def texts(workplace) -> list[str]:
    """120 different reviews, one a line of texts.txt."""
    found = list(dict.fromkeys(text for text, _ in make_reviews(random.Random(5), 200, noisy=False)))[:120]
    Path("texts.txt").write_text("\n".join(found) + "\n", encoding="utf-8")
    return found


def adapt(*more: str) -> None:
    assert main([*ADAPT, *more]) == 0


def gathered(*sources: str, exclude=(), include_evaluation=False):
    return gather(sources, exclude, include_evaluation, Reading())


def perplexities(folder: str) -> tuple[float, float]:
    found = re.search(r"([\d.]+) before and ([\d.]+) after", Path(folder, "README.md").read_text())
    return float(found[1]), float(found[2])


def headless(folder: Path, tiny_bert: Path) -> Path:
    """An encoder with a pooler, without a head and without a mask token."""
    words = AutoTokenizer.from_pretrained(tiny_bert).get_vocab()
    kept = sorted((word for word in words if word != "[MASK]"), key=words.get)
    backend = Tokenizer(WordPiece({word: number for number, word in enumerate(kept)}, unk_token="[UNK]"))
    backend.normalizer, backend.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    ends = [(name, backend.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    backend.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=64, **names).save_pretrained(folder)
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(kept), max_position_embeddings=64, **SMALL)).save_pretrained(folder)
    return folder


# Masking


@pytest.fixture
def masking(tiny_bert) -> Masking:
    return Masking.of(AutoTokenizer.from_pretrained(tiny_bert))


def test_masks_follow_from_the_generator_and_never_hit_special_tokens(masking):
    ids_L = torch.tensor([2, *range(10, 50), 3])
    shown_L, chosen_L = masking(ids_L, generator(0, "a"))
    again_L, _ = masking(ids_L, generator(0, "a"))
    assert torch.equal(shown_L, again_L)
    assert not torch.equal(shown_L, masking(ids_L, generator(0, "b"))[0])
    assert int(chosen_L.sum()) == 6
    assert not chosen_L[[0, -1]].any()
    assert torch.equal(shown_L[~chosen_L], ids_L[~chosen_L])


def test_a_text_of_one_token_has_a_mask(masking):
    assert masking(torch.tensor([2, 30, 3]), generator(0))[1].tolist() == [False, True, False]


def test_chosen_tokens_are_masked_swapped_and_left_in_80_10_10(masking):
    ids_L = torch.full((40_000,), 30)
    shown_L, chosen_L = masking(ids_L, generator(0))
    shown_M = shown_L[chosen_L]
    assert (shown_M == masking.mask).float().mean() == pytest.approx(0.8, abs=0.02)
    assert (shown_M == 30).float().mean() == pytest.approx(0.1, abs=0.02)
    assert not masking.special_V[shown_M[shown_M != masking.mask]].any()


# Texts


def test_validation_and_test_texts_of_a_folder_stay_out(in_a_folder):
    for name, rows in {
        "train": [("one", "a"), ("Two!", "b"), ("", "a"), ("one", "b"), ("three", "a")],
        "validation": [("two", "a"), ("four", "b")],
        "test": [("five", "a")],
    }.items():
        Path("set").mkdir(exist_ok=True)
        write_csv(Path("set", f"{name}.csv"), rows)
    found = gathered("set")
    assert found.texts == ["one", "three"], "Two! equals a validation text"
    assert (found.blank, found.repeated, found.excluded) == (1, 1, 1)
    assert gathered("set", include_evaluation=True).texts == ["one", "Two!", "three", "four", "five"]
    Path("more.txt").write_text("FIVE\nsix\r\n\n", encoding="utf-8")
    assert gathered("more.txt", exclude=["set"]).texts == ["six"]
    assert gathered("more.txt", "set").texts == ["six", "one", "three"], "what one source measures stays out of the others"
    assert gathered("set", exclude=["more.txt"]).texts == ["one", "three"]


def test_one_labelled_file_gives_the_pool_that_fit_makes_of_it(in_a_folder):
    write_csv(Path("all.csv"), [(f"text {i}", "ab"[i % 2]) for i in range(60)])
    pool = load_corpus("all.csv").pool.texts
    assert gathered("all.csv").texts == pool
    assert len(pool) < len(gathered("all.csv", include_evaluation=True).texts) == 60


def test_the_essence_of_a_text_is_letters_and_digits():
    assert essence("A b-1") == essence("ab 1.") == "ab1"
    assert essence("\U0001f600") != essence("") == essence(" \n")


# The network


@pytest.mark.parametrize(
    ("config_class", "settings"),
    [
        (BertConfig, SMALL),
        (XLMRobertaConfig, SMALL),
        (DebertaV2Config, SMALL),
        (DistilBertConfig, {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}),
    ],
)
def test_logits_of_chosen_tokens_are_those_of_the_whole_model(config_class, settings):
    torch.manual_seed(0)
    network = AutoModelForMaskedLM.from_config(config_class(vocab_size=40, max_position_embeddings=20, **settings)).eval()
    ids_BL, mask_BL = torch.randint(5, 40, (2, 6)), torch.tensor([[1] * 6, [1] * 4 + [0] * 2])
    chosen_BL = torch.rand(2, 6) < 0.5
    masked = MaskedNetwork(network)
    logits_MV, hidden_BLD = masked(ids_BL, mask_BL, chosen_BL)
    whole = network(input_ids=ids_BL, attention_mask=mask_BL, output_hidden_states=True)
    torch.testing.assert_close(logits_MV, whole.logits[chosen_BL])
    torch.testing.assert_close(hidden_BLD, whole.hidden_states[-1])
    assert masked.head in (None, "cls", "lm_head")


def test_a_mask_token_is_added_as_the_mean_and_the_pooler_is_kept(tmp_path, tiny_bert):
    folder = headless(tmp_path / "encoder", tiny_bert)
    before = load_file(folder / "model.safetensors")
    loaded = load(str(folder), 32, 0)
    embeddings = loaded.network.network.get_input_embeddings().weight
    assert loaded.tokenizer.mask_token_id == len(before["embeddings.word_embeddings.weight"])
    torch.testing.assert_close(embeddings[-1], before["embeddings.word_embeddings.weight"].mean(0))
    assert loaded.has_new_head
    assert sorted(loaded.beside) == ["bert.pooler.dense.bias", "bert.pooler.dense.weight"]
    assert torch.equal(loaded.beside["bert.pooler.dense.weight"], before["pooler.dense.weight"])
    again = load(str(folder), 32, 0).network.state_dict()
    assert all(torch.equal(weights, again[name]) for name, weights in loaded.network.state_dict().items())


def test_drift_is_zero_where_vectors_point_the_same_way():
    hidden_BLD, mask_BL = torch.randn(3, 4, 5), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])
    means_BD = torch.stack([row[: int(mask.sum())].mean(0) for row, mask in zip(hidden_BLD, mask_BL, strict=True)])
    assert float(drift(hidden_BLD, mask_BL, 3 * means_BD)) == pytest.approx(0, abs=1e-5)
    assert float(drift(hidden_BLD, mask_BL, -means_BD)) == pytest.approx(2, abs=1e-5)


# Runs


def test_a_run_lowers_perplexity_and_its_folder_is_an_ordinary_model_that_fit_takes(texts, capsys):
    adapt("--trainer.max_epochs", "3")
    shown = capsys.readouterr().out
    assert "texts: 114 to train on, 6 held out, of texts.txt (all texts: 120)" in shown
    before, after = perplexities("out")
    assert after < before
    assert f"perplexity: {before:.2f} before, {after:.2f} after (on 6 texts held out)" in shown
    for kind in (AutoModel, AutoModelForSequenceClassification, AutoModelForMaskedLM):
        _, loading = kind.from_pretrained("out", output_loading_info=True)
        assert not [key for key in loading["missing_keys"] if "pooler" not in key and "classifier" not in key]
    assert not Path("out.unfinished").exists()
    load_network("out", ["a", "b"])
    command = ["fit", "--config", "configs/tiny.yaml", "--model.backbone", "out", "--trainer.max_epochs", "1"]
    assert main(command) == 0


def test_the_card_says_what_went_in(texts):
    assert main([*ADAPT[:2], "tiny-data", *ADAPT[2:], "--exclude", "tiny-data"]) == 0
    card = Path("out/README.md").read_text()
    for line in (
        "- `texts.txt (all texts: 120)`",
        "- `tiny-data (train texts: 64)`",
        "| model.lr | 0.001 |",
        "- texts held out: 9",
    ):
        assert line in card
    assert "python -m alft adapt texts.txt tiny-data --model.backbone tiny-bert --output out" in card


def test_an_encoder_without_a_head_has_one_trained_alone_first(texts, tmp_path, tiny_bert, capsys):
    headless(Path("encoder"), tiny_bert)
    adapt("--model.backbone", "encoder", "--model.lr", "1e-9")
    shown = capsys.readouterr().out
    first, last, chance = map(
        float, re.search(r"loss ([\d.]+) at first, ([\d.]+) at last \(chance is ([\d.]+)\)", shown).groups()
    )
    assert last < chance <= first + 0.05
    assert "[MASK] was added" in shown
    before, _ = perplexities("out")
    assert before < 2.7183**chance, "it is measured with a head that is trained"
    old, new = load_file("encoder/model.safetensors"), load_file("out/model.safetensors")
    for name, weights in old.items():
        torch.testing.assert_close(new[f"bert.{name}"][: len(weights)], weights, atol=1e-6, rtol=0)


def test_keep_holds_the_sentence_vectors(texts):
    def moved(folder: str) -> float:
        tokens = AutoTokenizer.from_pretrained("tiny-bert")(texts, padding=True, return_tensors="pt")
        with torch.no_grad():
            hidden = [AutoModel.from_pretrained(name)(**tokens)[0] for name in (folder, "tiny-bert")]
        mask = tokens["attention_mask"].unsqueeze(-1)
        return float(drift(hidden[0], tokens["attention_mask"], (hidden[1] * mask).sum(1) / mask.sum(1)))

    adapt("--trainer.max_epochs", "3", "--keep", "0")
    adapt("--trainer.max_epochs", "3", "--keep", "20", "--output", "kept")
    assert moved("kept") < 0.5 * moved("out")


@pytest.mark.parametrize("kill", [Kill("checkpoint", 1), Kill("checkpoint", 2), Kill("replacement", 3)], ids=str)
def test_a_killed_run_goes_on_to_the_bit(texts, workplace, kill):
    more = ["--trainer.max_epochs", "3", "--keep", "1"]
    assert run([*ADAPT, *more], workplace).code == 0
    Path("out").rename("whole")
    assert run([*ADAPT, *more], workplace, kill).code == -9
    assert not Path("out").exists()
    ended = run([*ADAPT, *more], workplace)
    assert (ended.code, ended.err) == (0, "")
    assert ("going on with the adaptation in out.unfinished" in ended.out) == (kill != Kill("checkpoint", 1))
    names = sorted(path.name for path in Path("whole").iterdir())
    assert names == sorted(path.name for path in Path("out").iterdir())
    assert all(Path("whole", name).read_bytes() == Path("out", name).read_bytes() for name in names)
    assert not Path("out.unfinished").exists()


def test_an_exported_classifier_can_be_adapted(fit, texts):
    fit("--trainer.max_epochs", "1", "--export", "classifier", "--model.head", "First")
    adapt("--model.backbone", "classifier")
    config = json.loads(Path("out/config.json").read_text())
    assert "problem_type" not in config or config["problem_type"] is None
    assert "bert.pooler.dense.weight" in load_file("out/model.safetensors")


def test_an_exported_classifier_with_a_head_of_alft_gives_its_encoder(fit, texts):
    fit("--trainer.max_epochs", "1", "--export", "classifier", "--model.head", "MeanNgrams", "--model.lr", "0.01")
    adapt("--model.backbone", "classifier")
    assert json.loads(Path("out/config.json").read_text())["model_type"] == "bert"
    deep = "encoder.layer.1.output.dense.weight"
    trained, before, after = (
        load_file(f"{folder}/model.safetensors")[f"{prefix}{deep}"]
        for folder, prefix in (("classifier", "encoder."), ("tiny-bert", "bert."), ("out", "bert."))
    )
    assert (after - trained).abs().max() < (trained - before).abs().max(), "it begins where the classifier ended"


# Refusals


MISTAKES = {
    "epochs": (["--trainer.max_epochs", "0"], "trainer.max_epochs must be at least 1, got 0"),
    "lr": (["--model.lr", "0"], "model.lr must be a finite number above 0, got 0.0"),
    "lr nan": (["--model.lr", "nan"], "model.lr must be of type float, got nan"),
    "batch": (["--data.batch_size", "0"], "data.batch_size must be at least 1, got 0"),
    "keep": (["--keep", "-1"], "keep must be a finite number of at least 0, got -1.0"),
    "seed": (["--seed_everything", "-1"], "seed_everything must be in [0, 4294967295], got -1"),
    "length": (["--data.max_length", "65"], "data.max_length must be in [3, 64], which tiny-bert can read, got 65"),
    "precision": (["--trainer.precision", "8"], "trainer.precision cannot be '8'"),
    "decoder": (["--model.backbone", "gpt2"], "is of the type gpt2, which has no masked language model"),
    "both": (["--model.backbone", "t5"], "is of the type t5, which has no masked language model"),
    "no file": (["nothing.csv"], "texts: no such file or folder: nothing.csv"),
    "no file to exclude": (["--exclude", "nothing.csv"], "exclude: no such file or folder: nothing.csv"),
    "foreign": (["--output", "theirs"], "output: theirs holds more than an earlier result of adapt, so not even --force"),
    "backbone": (["--output", "tiny-bert"], "output: tiny-bert is the backbone itself; choose another folder"),
    "file": (["--output", "texts.txt", "--force"], "output: texts.txt holds more than an earlier result of adapt"),
    "misspelt": (["--max_epochs", "3"], "there is no setting --max_epochs; did you mean --trainer.max_epochs?"),
}


@pytest.mark.parametrize(("more", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_told_in_one_sentence(texts, capsys, more, sentence):
    write_encoder(Path("gpt2"), GPT2Config, 40, n_embd=16, n_layer=1, n_head=2, pad_token_id=0)
    write_encoder(Path("t5"), T5Config, 40, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    Path("theirs").mkdir()
    Path("theirs/thesis.txt").write_text("years of work")
    files = more[:1] if not more[0].startswith("-") else []
    assert main([*ADAPT[:2], *files, *ADAPT[2:], *more[len(files) :]]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert sentence in line
    assert not Path("out").exists()
    assert not Path("out.unfinished").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("\n \n", "texts: no text is left of few.txt (all texts: 2); left out, since blank: 2"),
        ("one\ntwo\n", "texts: at least 20 different texts are needed, since 5% are held out to measure perplexity, got 2"),
    ],
)
def test_too_few_texts_are_refused(workplace, capsys, content, sentence):
    Path("few.txt").write_text(content)
    assert main(["adapt", "few.txt", *ADAPT[2:]]) == 2
    assert sentence in capsys.readouterr().err


def test_a_diverged_training_is_told_and_leaves_nothing(texts, capsys):
    assert main([*ADAPT, "--model.lr", "1e30"]) == 2
    assert "model.lr: the loss is not finite in epoch 0, training has diverged with 1e+30" in capsys.readouterr().err
    assert not Path("out.unfinished").exists()


def test_another_commands_leftovers_are_refused_and_an_earlier_result_needs_force(texts, workplace, capsys):
    assert run([*ADAPT, "--trainer.max_epochs", "2"], workplace, Kill("replacement", 3)).code == -9
    assert main([*ADAPT, "--trainer.max_epochs", "2", "--model.lr", "2e-3"]) == 2
    assert (
        "out.unfinished holds an adaptation that was begun with another model.lr (0.001, not 0.002)" in capsys.readouterr().err
    )
    adapt("--trainer.max_epochs", "2")
    assert main(ADAPT) == 2
    assert "output: out is there already; --force replaces an earlier result of adapt" in capsys.readouterr().err
    adapt("--force")
    Path("other.unfinished").mkdir()
    Path("other.unfinished/thesis.txt").write_text("years of work")
    assert main([*ADAPT, "--output", "other"]) == 2
    assert "holds something else (thesis.txt); move it away" in capsys.readouterr().err
    assert Path("other.unfinished/thesis.txt").exists()


def test_a_folder_that_another_process_adapts_to_is_refused(texts, capsys):
    Path("out.unfinished").mkdir()
    held = hold(Path("out.unfinished"))
    assert main(ADAPT) == 2
    assert "output: another process adapts to out at the moment; choose another folder" in capsys.readouterr().err
    held.release()
    adapt()
