"""Small valid inputs to begin from, all made here: invented words, and no file anybody ever wrote."""

from __future__ import annotations

import io
import json
import zipfile
from email.message import EmailMessage

import docx
import openpyxl

from tests.serving.test_extract import make_docx, make_mail, make_msg, make_pdf, make_storage, make_xlsx, saved

CANARY = "Kanariefugl"
"""A word of every seed that is a text: it must never stand in an error."""
TEXT = f"{CANARY} bor på gården. Formanden har taget passet 😀 og gemt det.\r\nHan skylder 30.000 kr.\n"
HTML = (
    "<html><head><title>x</title><style>p{}</style></head><body><h1>Sag</h1><p>Hun <b>må</b> ikke<br>gå&nbsp;ud.</p>"
    "<table><tr><td>a</td><td>b</td></tr></table><!-- x --><ul><li>1<li>2</ul></body></html>"
)


def _filled_docx() -> bytes:
    document = docx.Document()
    document.add_heading("Sag", 1)
    document.add_paragraph("Hun bor på gården.\tHan").add_run("låser døren.").bold = True
    table = document.add_table(2, 2)
    table.cell(0, 0).text = "Navn"
    document.sections[0].header.paragraphs[0].text = "Kommune"
    return saved(document)


def _inside(data: bytes, *names: str) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) if name in archive.namelist() else b"" for name in names]


def document_xml(data: bytes) -> bytes:
    """The main part of a Word document."""
    return _inside(data, "word/document.xml")[0]


_OFFICE = "http://schemas.openxmlformats.org"
_TYPES = (
    f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    f'<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def least_docx(xml: bytes) -> bytes:
    """A Word document of its main part and the least there must be around it, which is quick to open."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (
            ("[Content_Types].xml", _TYPES.encode()),
            ("_rels/.rels", _RELATIONS.encode()),
            ("word/document.xml", xml),
        ):
            archive.writestr(name, content)
    return file.getvalue()


def sheet_xml(data: bytes) -> bytes:
    """The first sheet of a workbook."""
    return _inside(data, "xl/worksheets/sheet1.xml")[0]


def book_xml(data: bytes) -> list[bytes]:
    """The shared strings, the styles and the list of sheets of a workbook."""
    return _inside(data, "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")


def docx_files() -> list[bytes]:
    """Word documents."""
    return [make_docx(TEXT), make_docx("a", "b"), _filled_docx()]


def xlsx_files() -> list[bytes]:
    """Workbooks."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"], book.active["B2"] = "nr", "tekst", "=1+1"
    book.active["B3"] = "Hun bor her"
    return [make_xlsx([("nr", "tekst"), (1, TEXT), (2.5, None)], [("tekst",), (True,)]), saved(book)]


def pdf_files() -> list[bytes]:
    """PDF files: with text, with an image alone, locked against changes."""
    return [make_pdf("Hun bor"), make_pdf("a", None, "b"), make_pdf("Hun bor", password="")]


def eml_files() -> list[bytes]:
    """Mails: plain, HTML, with attachments, a mail in a mail, in several encodings."""
    nested = make_mail(attachments=[("", make_mail("Indre.\n"))])
    latin = EmailMessage()
    latin["Subject"] = "=?iso-8859-1?q?H=F8ring?="
    latin.set_content("Høring på Ærø\n", charset="iso-8859-1", cte="quoted-printable")
    return [
        bytes(make_mail()),
        bytes(make_mail(html=HTML)),
        bytes(make_mail(attachments=[("a.txt", b"Indhold"), ("b.csv", b"a;b\n1;2\n")])),
        bytes(nested),
        bytes(latin),
        b"Subject: x\nContent-Type: text/html; charset=utf-8\n\n" + HTML.encode(),
        b"From: a\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nen\n--x\nContent-Type: text/plain; name=a\n\nto\n--x--",
    ]


def msg_files() -> list[bytes]:
    """Outlook messages: plain, HTML, with a file and with a message attached."""
    attachment = make_storage({0x3707: "a.txt", 0x3705: 1, 0x3701: b"Indhold af bilag"}, 8)
    inner = make_storage({0x001A: "IPM.Note", 0x0037: "Indre", 0x1000: "Et brev."}, 24)
    embedded = make_storage({0x3705: 5}, 8, **{"__substg1.0_3701000D": inner})
    html = {0x001A: "IPM.Note", 0x3FDE: 65001, 0x1013: HTML.encode()}
    return [make_msg(), make_msg(html), make_msg(a=attachment, b=embedded)]


def csv_files() -> list[bytes]:
    """Tables with the delimiters and quotes that people use."""
    return [
        b'nr;tekst\r\n1;Hun bor her\r\n2;"en ""to""\r\ntre"\r\n',
        b"sep=,\na,b\n1,2\n",
        "nr\ttekst\n1\tpå gården\n".encode("cp1252"),
        "tekst\nHun må ikke gå ud\n".encode("utf-16"),
    ]


def text_files() -> list[bytes]:
    """Plain texts in the encodings that people use."""
    unicode = [TEXT.encode(x) for x in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32")]
    return [*unicode, *("Hun bor på gården".encode(x) for x in ("cp1252", "cp850"))]


def lines() -> list[bytes]:
    """JSON Lines, as batch tagging reads them."""
    one = {"id": "a", "kind": "note", "text": TEXT, "source": "police", "lang": "da", "labels": []}
    two = {"id": "b", "kind": "ad", "text": "\ud83d\ude00 ring"}
    return [json.dumps(one).encode() + b"\n" + json.dumps(two).encode() + b"\n", b'\xef\xbb\xbf{"id":"a"}\n\n[1e9]\n']


def batch_tables() -> list[bytes]:
    """CSV, as batch tagging reads it."""
    return [
        'id,kind,text\na,note,"Hun, ""bor""\r\nher"\nb,ad,på\n'.encode("utf-8-sig"),
        b"id;kind;text;source;lang\na;note;x;;da\n",
    ]


def parquet_files() -> list[bytes]:
    """Parquet, as batch tagging reads it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = []
    for compression in ("none", "snappy"):
        file = io.BytesIO()
        table = pa.table({"id": ["a", "b"], "kind": ["note", "ad"], "text": [TEXT, None], "lang": ["da", None]})
        pq.write_table(table, file, compression=compression)
        made.append(file.getvalue())
    return made


def requests() -> list[bytes]:
    """Bodies of `POST /v1/tag`."""
    documents = [{"id": "n-17", "kind": "note", "text": TEXT}, {"id": "x", "kind": "ad", "text": "a", "lang": "da"}]
    return [json.dumps({"documents": documents}).encode(), b'{"documents":[{"id":1,"kind":null}],"x":[[]]}']


def multiparts() -> list[bytes]:
    """Bodies of a form with files; the boundary is ``x``."""
    field = '--x\r\nContent-Disposition: form-data; name="files_kind"\r\n\r\nnote\r\n'
    file = '--x\r\nContent-Disposition: form-data; name="files"; filename="å.txt"\r\nContent-Type: text/plain\r\n\r\nHej\r\n'
    star = "--x\r\nContent-Disposition: form-data; name=f; filename*=utf-8''%C3%A5\r\n\r\n\x00\r\n"
    return [f"{field}{file}--x--\r\n".encode(), f"{file}{star}--x--".encode("latin-1")]


def forms() -> list[bytes]:
    """Bodies of a form without files."""
    return [b"text=Hun+bor+p%C3%A5+g%C3%A5rden&kind=note&reference=J+1", b"number=1&number=2&a=&%00=%F0%9F%98%80"]


def claims() -> list[bytes]:
    """Claims of an ID token, without those that the target fills in."""
    return [
        b'{"sub":"7","name":"Anna","groups":["staff","x"]}',
        b'{"sub":"7","preferred_username":"a","groups":{"a":{"b":"staff"}},"azp":"tegn","auth_time":1,"aud":["tegn"]}',
    ]


def marked() -> list[bytes]:
    """Texts in the markup of the training data."""
    from tests.conftest import CASES, make_documents
    from training.markup import to_markup

    return [CASES.encode(), "".join(map(to_markup, make_documents(8))).encode()]
