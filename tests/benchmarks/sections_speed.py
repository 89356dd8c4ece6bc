"""Sections that race peers at the same functions: end to end, extraction, rules, language, signatures."""

import shutil
from pathlib import Path

from tests.benchmarks import inputs
from tests.benchmarks.contenders.language import MODEL
from tests.benchmarks.contenders.pipeline import WARCS
from tests.benchmarks.contenders.rules import ALL, FAMILIES
from tests.benchmarks.figures import bag_f1, mean, number, ratio, share
from tests.benchmarks.ours import language_model
from tests.benchmarks.page import Section, Table, raw, speeds
from tests.benchmarks.processes import PEERS, Bench, Contender, Run

LABELS = dict(
    pair.split("=")
    for pair in """
    afr=af amh=am ara=ar arz=arz ast=ast aze=az bel=be ben=bn bos=bs bre=br bul=bg cat=ca cbk=cbk ceb=ceb ces=cs cmn=zh
    cor=kw cym=cy dan=da deu=de dsb=dsb ell=el eng=en epo=eo est=et eus=eu fin=fi fra=fr fry=fy gla=gd gle=ga glg=gl
    heb=he hin=hi hrv=hr hsb=hsb hun=hu hye=hy ido=io ile=ie ina=ia ind=id isl=is ita=it jav=jv jpn=ja kat=ka kaz=kk
    khm=km kor=ko kur=ku lat=la lit=lt lvs=lv mal=ml mar=mr mhr=mhr mkd=mk mon=mn nds=nds nld=nl nno=nn nob=no oci=oc
    pam=pam pes=fa pms=pms pol=pl por=pt ron=ro rus=ru slk=sk slv=sl spa=es sqi=sq srp=sr swe=sv swh=sw tam=ta tat=tt
    tel=te tgl=tl tha=th tuk=tk tur=tr uig=ug ukr=uk urd=ur uzb=uz vie=vi war=war wuu=wuu yid=yi yue=yue zsm=ms
    fr=fr sv=sv
    """.split()
)
"""The labels of lid.176 for ISO 639-3 codes, of the languages that it knows."""


def crawl(bench: Bench) -> list[Path]:
    """The crawl's files, which it puts where contenders of end to end look for them, with the model of languages."""
    files = inputs.sampled(inputs.warcs(bench.data), bench.sample and max(1, bench.sample // 100))
    (bench.work / WARCS).mkdir()
    for file in files:
        (bench.work / WARCS / file.name).symlink_to(file)
    shutil.copy(language_model(), bench.work / MODEL)
    return files


def end_to_end(bench: Bench) -> Section:
    """WARC to deduplicated Parquet: the functions of L0 and L1 against FineWeb's recipe in datatrove."""
    crawl(bench)
    contenders = {
        "strata": Contender("pipeline", "strata"),
        "strata, archiving": Contender("pipeline", "strata-archived"),
        "datatrove": Contender("pipeline", "datatrove", PEERS),
    }
    runs = bench.in_turn(contenders, bench.work)
    read = runs["strata"][0].bytes
    pages = runs["strata"][0].documents
    # Both have read the same input, of which either counts what it takes for documents.
    alike = {name: [_of(run, pages, read) for run in some] for name, some in runs.items()}
    stages = [
        [f"{name}: {stage}", share(mean([run.stages[stage] / run.cpu_seconds for run in some]))]
        for name, some in runs.items()
        for stage in some[0].stages
    ]
    kept = ", ".join(f"{name} keeps {some[0].result['kept']:,}" for name, some in runs.items())
    return Section(
        "End to end",
        f"{pages:,} captures ({read / 1e6:,.0f} MB of HTML) from WARC files to deduplicated Parquet: reading, extraction, "
        "language, Gopher's, C4's and FineWeb's rules, MinHash. Strata is the functions of its tiers L0 and L1 in one "
        "process, without Dagster, lake and gate; it also masks private data and keeps what it measured. `archiving`, it "
        "writes L0 to Parquet, payloads and all, and reads it again, as in a lake; datatrove keeps no archive. datatrove is "
        "FineWeb's published recipe with one task, for all languages as here, without its list of blocked URLs, and with "
        "lid.176.ftz in place of the .bin; it asks for words of English in every language, and extracts by trafilatura, which "
        f"takes most of its time: see below for what that finds and Strata's scanner does not. Of the pages {kept}.",
        [speeds(alike, "strata"), Table(("stage", "share of CPU"), stages)],
        raw(runs),
    )


def _of(run: Run, documents: int, read: int) -> Run:
    return Run(**{**vars(run), "documents": documents, "bytes": read})


def extraction(bench: Bench) -> Section:
    """Main text of pages: speed, and F1 against what people chose."""
    pages = inputs.sampled(inputs.gold_pages(bench.data), bench.sample)
    source = inputs.written(bench.work / "pages.jsonl", pages)
    contenders = {
        "strata": Contender("extraction", "strata-cascade"),
        "strata, trafilatura": Contender("extraction", "strata-trafilatura"),
        "trafilatura": Contender("extraction", "trafilatura"),
        "resiliparse": Contender("extraction", "resiliparse"),
        "datatrove": Contender("extraction", "datatrove", PEERS),
    }
    runs = bench.in_turn(contenders, source)
    groups = ["all", *sorted({page["group"] for page in pages})]
    quality = []
    for name, some in runs.items():
        texts = some[0].result["texts"]
        scores = [(page["group"], bag_f1(texts[page["id"]], page["gold"])) for page in pages]
        quality.append([name, *(share(mean([f1 for of, f1 in scores if group in ("all", of)])) for group in groups)])
    counts = [f"{group} ({sum(group in ('all', page['group']) for page in pages)})" for group in groups]
    return Section(
        "Extraction",
        f"Main text of {len(pages):,} pages of which people wrote out the text, from decoded HTML. `strata` is the default "
        "extractor, `strata, trafilatura` the other that the policy offers; datatrove is its default as FineWeb's recipe "
        "sets it up (trafilatura 1.11, in favour of precision). Below: mean F1 of the bags of words, by kind of page "
        "(number of pages).",
        [speeds(runs, "strata"), Table(("extractor", *counts), quality)],
        raw(runs),
    )


def rules(bench: Bench) -> Section:
    """FineWeb's rules, with words as str.split makes them and as spaCy does."""
    source = inputs.written(bench.work / "texts.jsonl", inputs.sampled(inputs.texts(bench.data), bench.sample))
    contenders = {
        "strata": Contender("rules", "strata-split"),
        "strata, spaCy-like words": Contender("rules", "strata-spacy"),
        "datatrove, str.split": Contender("rules", "datatrove-split", PEERS),
        "datatrove, spaCy": Contender("rules", "datatrove-spacy", PEERS),
    }
    runs = bench.in_turn(contenders, source)
    documents = runs["strata"][0].documents
    times = {
        name: {stage: [run.stages[stage] for run in some] for stage in (*FAMILIES, ALL)} for name, some in runs.items()
    }
    alike = {"datatrove, str.split": "strata", "datatrove, spaCy": "strata, spaCy-like words"}
    rows = [
        [name, *(number(documents / max(min(seconds), 1e-9)) for seconds in found.values())]
        for name, found in times.items()
    ]
    for theirs, ours in alike.items():
        rows.append(
            [f"{ours} / {theirs}", *(str(ratio(times[theirs][stage], times[ours][stage])) for stage in times[ours])]
        )
    agreement = [
        [f"{ours} = {theirs}", *(_agreement(runs[ours][0], runs[theirs][0], stage) for stage in (*FAMILIES, ALL))]
        for theirs, ours in alike.items()
    ]
    return Section(
        "Rules",
        f"{documents:,} main texts of real pages, judged by each family of FineWeb's rules alone and by all of them: "
        "documents/CPU-s, then how many times as fast, then the share of texts with the same verdict. datatrove "
        "splits words "
        "and sentences with spaCy; `str.split` stands for it with `str.split` and a regular expression for sentences. "
        "Gopher's two families have their signals in common here, so that either costs as much as both. "
        "agreement.md says where verdicts differ and why: lines of scripts without spaces, n-grams that occur once.",
        [Table(("", *FAMILIES, ALL), rows), Table(("same verdict", *FAMILIES, ALL), agreement)],
        raw(runs),
    )


def _agreement(one: Run, other: Run, family: str) -> str:
    pairs = zip(one.result["passed"][family], other.result["passed"][family], strict=True)
    return share(mean([left == right for left, right in pairs]))


def language(bench: Bench) -> Section:
    """The language of sentences and of web pages."""
    shutil.copy(language_model(), bench.work / MODEL)
    tables, figures = [], {}
    for title, name in (("sentences", "tatoeba_sentences"), ("web pages", "web_documents_fr_sv")):
        listed = [row for row in inputs.rows(bench.data / "langid" / f"{name}.jsonl.zst") if row["lang"] in LABELS]
        chosen = inputs.sampled(listed, bench.sample)
        labels = [LABELS[row["lang"]] for row in chosen]
        source = inputs.written(bench.work / f"{name}.jsonl", chosen)
        contenders = {"strata": Contender("language", "strata"), "datatrove": Contender("language", "datatrove", PEERS)}
        runs = bench.in_turn(contenders, source)
        right = {
            contender: share(mean([one == other for one, other in zip(some[0].result["labels"], labels, strict=True)]))
            for contender, some in runs.items()
        }
        table = speeds(runs, "strata")
        columns = (f"{len(chosen):,} {title}", *table.columns[1:], "right")
        tables.append(Table(columns, [[*row, right[row[0]]] for row in table.rows]))
        figures[name] = raw(runs)
    return Section(
        "Language",
        "Sentences of Tatoeba in the languages that the model knows, and French and Swedish web pages that "
        "people labelled. "
        "Both sides ask lid.176.ftz; Strata reads the first characters of a text in groups of texts, datatrove the whole "
        "text, one by one, for all 176 probabilities.",
        tables,
        figures,
    )


def signatures(bench: Bench) -> Section:
    """MinHash signatures from texts."""
    source = inputs.written(bench.work / "texts.jsonl", inputs.sampled(inputs.texts(bench.data), bench.sample))
    contenders = {
        "strata": Contender("signatures", "strata"),
        "datasketch": Contender("signatures", "datasketch", PEERS),
        "rensa": Contender("signatures", "rensa", PEERS),
        "text-dedup": Contender("signatures", "text-dedup", PEERS),
        "datatrove": Contender("signatures", "datatrove", PEERS),
    }
    runs = bench.in_turn(contenders, source)
    return Section(
        "Signatures",
        f"{runs['strata'][0].documents:,} main texts to MinHash signatures of 112 values over word 5-grams, splitting into "
        "words included. datasketch is the loop of its documentation in the scheme whose permutations are also "
        "Strata's; rensa gets lists of 5-grams, text-dedup texts with its defaults, datatrove texts with spaCy's words.",
        [speeds(runs, "strata")],
        raw(runs),
    )
