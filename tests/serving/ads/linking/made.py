"""Invented ads as they are imported, and the files that linking reads and writes."""

import json

from serving.ads.ads import id_of

A = (
    "Velkommen hos mig i den gamle bydel, her er der altid varm te og rolig musik, og jeg tager mig god tid. "
    "Kom til tiden og ring gerne i forvejen, så åbner jeg porten for dig og viser vej op ad trappen. "
)
B = (
    "Ny massage ved havnen. Alle gæster får håndklæde og bad, parkering bag huset, ingen trapper. "
    "Jeg svarer hverdage og lørdag, skjult nummer tager jeg ikke, og vær venlig at sige hvornår du vil komme. "
)


def an_ad(url, text, **about):
    about = {"title": None, "place": None, "contacts": [], "posted": None, "retrieved": None} | about
    id_ = id_of(url, None, title=about["title"], text=text, place=about["place"], contacts=about["contacts"])
    return {"id": id_, "kind": "ad", "text": text, "url": url, "site": url.split("/")[2], **about}


def few():
    """Some hands with a number each, in ads that begin alike."""
    return [
        an_ad(
            f"https://a.example/{i}",
            f"{(A, B)[i % 2]} Annonce {i} 01 66 {i % 8:02} 90",
            posted=f"2026-03-{i % 28 + 1:02}",
        )
        for i in range(24)
    ]


def write(path, ads):
    path.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in ads), "utf-8")
    return path


def read(path):
    return [json.loads(x) for x in path.read_text("utf-8").splitlines()]


def content(folder):
    """Every file below a folder but the key and the lock, which no run changes."""
    return {x.relative_to(folder): x.read_bytes() for x in sorted(folder.rglob("*")) if x.is_file()}
