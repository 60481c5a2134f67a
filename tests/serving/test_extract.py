"""Files to texts: every type, every limit, and no text of a document where it does not belong."""

import io
import json
import logging
import re
import struct
import subprocess
import sys
import traceback
import zipfile
from email.message import EmailMessage

import docx
import openpyxl
import pypdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from serving.extract import packages, pdf, reading, result, sandbox
from serving.extract.files import extract
from serving.extract.reading import read
from serving.extract.result import MAX_TEXT, PARTLY, WHOLE, Part, Problem, Unreadable, label_of
from triage.wire import read_document

CANARY = "KANARIEFUGL"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
TEXT = "Hun bor på Nørrebro.\r\nHan holder hendes pas 😀 – og “låser” døren.\r\n"


def codes(extracted):
    return [(x.code, x.place) for x in extracted.problems]


def refused(name, data, **more):
    with pytest.raises(Unreadable) as error:
        read(name, data, **more)
    return error.value.code


def outcome(name, data, column):
    """What a file gives, or the code of why it gives nothing."""
    try:
        return read(name, data, column)
    except Unreadable as error:
        return error.code


def saved(thing):
    file = io.BytesIO()
    thing.save(file)
    return file.getvalue()


def make_docx(*paragraphs):
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return saved(document)


def make_pdf(*pages, password=None, algorithm="RC4-128"):
    """A PDF with one line of text on each page; None is a page with an image alone."""
    writer = pypdf.PdfWriter()
    names = {"Type": "Font", "Subtype": "Type1", "BaseFont": "Helvetica", "Encoding": "WinAnsiEncoding"}
    font = DictionaryObject({NameObject(f"/{key}"): NameObject(f"/{value}") for key, value in names.items()})
    for text in pages:
        page = writer.add_blank_page(300, 300)
        stream = DecodedStreamObject()
        if text is None:
            image = DecodedStreamObject()
            image.set_data(b"\x00")
            for key, value in {"/Type": "/XObject", "/Subtype": "/Image", "/ColorSpace": "/DeviceGray"}.items():
                image[NameObject(key)] = NameObject(value)
            for key in ("/Width", "/Height", "/BitsPerComponent"):
                image[NameObject(key)] = pypdf.generic.NumberObject(8 if "Bits" in key else 1)
            images = DictionaryObject({NameObject("/Im0"): writer._add_object(image)})
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): images})
            stream.set_data(b"/Im0 Do")
        else:
            fonts = DictionaryObject({NameObject("/F1"): font})
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
            stream.set_data(b"BT /F1 12 Tf 10 200 Td (" + text.encode("cp1252") + b") Tj ET")
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password is not None:
        writer.encrypt(password, owner_password="owner", algorithm=algorithm)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def make_xlsx(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    return saved(book)


def make_mail(body="Hun må ikke gå ud.\n", html=None, attachments=()):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        "Bekymring for Åse",
        "anna@kommune.example",
        "bo@politi.example",
    )
    message["Date"] = "Fri, 27 Nov 2026 10:00:00 +0100"
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in attachments:
        if isinstance(data, EmailMessage):
            message.add_attachment(data)
        else:
            message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


def repack(data, changes):
    """A zip archive with some files added or exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


def make_compound(tree):
    """A compound file ([MS-CFB]) of a nested dict of names to bytes (streams) or dicts (storages)."""
    entries, stored = [], []  # [name, type, right, child, start, size]

    def add(name, value):
        at = len(entries)
        entries.append([name, 2 if isinstance(value, bytes) else 1, -1, -1, -2, 0])
        if isinstance(value, bytes):
            if value:
                entries[at][4], entries[at][5] = sum(-(-len(x) // 64) for x in stored), len(value)
                stored.append(value)
        else:
            last = -1
            for key in sorted(value, key=lambda x: (len(x), x.upper())):  # a chain of right siblings is a tree too
                child = add(key, value[key])
                if last < 0:
                    entries[at][3] = child
                else:
                    entries[last][2] = child
                last = child
        return at

    add("Root Entry", tree)
    mini = b"".join(x.ljust(-(-len(x) // 64) * 64, b"\0") for x in stored)
    mini_fat = []
    for x in stored:
        n = -(-len(x) // 64)
        mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + n), -2]
    entries[0][1] = 5

    def sectors(data):
        return data.ljust(-(-len(data) // 512) * 512, b"\0")

    mini_fat_bytes = sectors(struct.pack(f"<{len(mini_fat)}i", *mini_fat))
    n_mini_fat, n_mini = len(mini_fat_bytes) // 512, len(sectors(mini)) // 512
    n_directory = -(-len(entries) // 4)
    first_mini_fat, first_mini, first_directory = 1, 1 + n_mini_fat, 1 + n_mini_fat + n_mini
    entries[0][4], entries[0][5] = first_mini, len(mini)
    fat = [-3]
    for n in (n_mini_fat, n_mini, n_directory):
        fat += [*range(len(fat) + 1, len(fat) + n), -2] if n else []
    assert len(fat) <= 128
    directory = b""
    for name, kind, right, child, start, size in entries:
        encoded = name.encode("utf-16-le") + b"\0\0"
        numbers = (len(encoded), kind, 1, -1, right, child, start, size, 0)
        directory += encoded.ljust(64, b"\0") + struct.pack("<HBBiii36xiII", *numbers)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHH6xIIiIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, first_directory, 0, 4096, first_mini_fat, n_mini_fat, -2, 0
    ) + struct.pack("<109i", 0, *[-1] * 108)  # fmt: skip
    fat_bytes = struct.pack("<128i", *fat, *[-1] * (128 - len(fat)))
    return header + fat_bytes + mini_fat_bytes + sectors(mini) + sectors(directory)


def make_storage(properties, header, **storages):
    """A storage of a .msg: property id to str, bytes or int; `header` is the length of the properties' own header."""
    streams, entries = {}, b""
    for pid, value in properties.items():
        if isinstance(value, int):
            entries += struct.pack("<HHIQ", 3, pid, 6, value)
            continue
        ptyp, data = (0x1F, value.encode("utf-16-le")) if isinstance(value, str) else (0x102, value)
        streams[f"__substg1.0_{pid:04X}{ptyp:04X}"] = data
        entries += struct.pack("<HHIQ", ptyp, pid, 6, len(data))
    return {**streams, "__properties_version1.0": bytes(header) + entries, **storages}


def make_msg(properties=None, **attachments):
    properties = {0x001A: "IPM.Note", 0x0037: "Bekymring", 0x0C1A: "Anna", 0x0C1F: "anna@kommune.example",
                  0x1000: "Hun må ikke gå ud 😀.\r\n"} if properties is None else properties  # fmt: skip
    recipient = make_storage({0x3001: "Bo", 0x39FE: "bo@politi.example"}, 8)
    parts = {f"__attach_version1.0_#{i:08X}": x for i, x in enumerate(attachments.values())}
    return make_compound(make_storage(properties, 32, **{"__recip_version1.0_#00000000": recipient}, **parts))


def test_a_plain_text_comes_back_as_it_is():
    assert extract("sag.txt", TEXT.encode()).parts == (Part("sag.txt", TEXT, ""),)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-8"])
def test_a_byte_order_mark_decides_and_is_no_part_of_the_text(encoding):
    extracted = extract("sag.txt", TEXT.encode(encoding))
    assert extracted.parts[0].text == TEXT
    assert extracted.problems == ()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["på", "Æbler, ærter og ål.\r\n\tSå går hun.\n", "“citat” – og så… €"])
def test_danish_texts_without_a_mark_are_read_in_the_encodings_of_danish_offices(encoding, text):
    extracted = extract("sag.txt", text.encode(encoding))
    assert [x.text for x in extracted.parts] == [text]


def test_a_text_in_another_encoding_is_read_and_said_to_be_unsure():
    extracted = extract("sag.txt", "Hun bor på Nørrebro, og så går hun på arbejde.".encode("cp850"))
    assert codes(extracted) == [("encoding_unsure", "")]
    assert extract("sag.txt", "Hun bor på Nørrebro, og så går hun på arbejde.".encode("cp1252")).problems == ()


def test_no_text_is_normalised():
    text = "a\u030a \u00e5 ﬁ  \t \ufeff \u200b\r\r\n"
    assert extract("sag.txt", text.encode()).parts[0].text == text


def test_a_text_that_is_too_long_is_a_problem_and_never_cut():
    assert len(extract("sag.txt", b"a" * MAX_TEXT).parts[0].text) == MAX_TEXT
    assert extract("sag.txt", "😀".encode() * MAX_TEXT).parts
    for text in (b"a" * (MAX_TEXT + 1), b"a" * 500_000, "😀".encode() * (MAX_TEXT + 1)):
        extracted = extract("sag.txt", text)
        assert (extracted.parts, codes(extracted)) == ((), [("too_long", "")])


def test_nul_is_a_problem_of_its_part():
    assert codes(extract("sag.txt", b"Hun bor\x00 her i huset")) == [("bad_characters", "")]
    assert codes(read("t.csv", b"a\nx\x00y\nz\n", "a")) == [("bad_characters", "row 2")]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("sag.txt", b"", "empty"), ("sag.txt", b" \r\n", "empty"), ("sag.pdf", b"", "empty"),
        ("sag.txt", b"\x89PNG\r\n\x1a\n" + bytes(50), "image"), ("sag.docx", b"\xff\xd8\xff\xe0" + bytes(50), "image"),
        ("sag.pdf", b"MZ\x90\x00" + bytes(100), "program"), ("sag.txt", b"\x7fELF" + bytes(50), "program"),
        ("sag.txt", bytes(range(256)) * 8, "unknown_type"), ("sag.html", b"<p>Hej</p>", "unknown_type"),
        ("sag.docx", b"PK\x03\x04" + bytes(100), "damaged"), ("sag.pdf", b"%PDF-1.7\n" + bytes(100), "damaged"),
        ("sag.pdf", bytes([200, 150, 3, 0]) * 50, "damaged"), ("sag.txt", b"\xff\xfea\x00b", "damaged"),
        ("sag.doc", b"{\\rtf1 Hej}", "old_office"), ("sag.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        ("sag.doc", make_compound({"WordDocument": b"x"}), "old_office"), ("a.msg", make_compound({"x": b"x"}), "unknown_type"),
        ("sag.docx", make_compound({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "encrypted"),
        ("sag.xlsx", make_compound({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "encrypted"),
        ("sag.docx", make_docx(), "empty"), ("sag.xlsx", make_xlsx([]), "empty"), ("t.csv", b"\n\n;;\n", "empty"),
    ],
)  # fmt: skip
def test_what_holds_no_text_is_refused_with_its_code(name, data, code):
    assert refused(name, data) == code


def test_a_file_over_the_limit_is_refused_before_anything_looks_at_it(monkeypatch):
    monkeypatch.setattr("serving.extract.files.MAX_FILE", 10)
    with pytest.raises(Unreadable, match="too large"):
        extract("sag.txt", b"a" * 11)


@pytest.mark.parametrize("name", ["sag.docx", "sag.pdf", "sag.txt", "sag", "sag.exe", "..", "a\x00b.xlsx", ""])
def test_the_content_decides_whatever_the_name_says(name):
    assert read(name, make_pdf("Hun bor her.")).parts[0].text == "Hun bor her."
    assert read(name, make_docx("Hun bor her.")).parts[0].text == "Hun bor her."
    assert read(name, make_xlsx([["a"], ["Hun bor her."]]), "a").parts[0].text == "Hun bor her."


def test_a_text_saved_under_a_wrong_name_is_read_as_text():
    assert read("sag.docx", TEXT.encode()).parts[0].text == TEXT
    assert "Hun må" in read("sag.pdf", bytes(make_mail())).parts[0].text
    assert read("sag.eml", b"Hun bor her.").parts[0].text == "Hun bor her."
    assert read("sag.txt", b"Et %PDF- er et format").parts


def test_word_gives_paragraphs_tables_headers_and_footers_in_order_and_once():
    document = docx.Document()
    document.add_paragraph("Første.")
    table = document.add_table(2, 2)
    for at, cell in enumerate(table._cells):
        cell.text = f"c{at}"
    document.add_paragraph("Sidste\tlinje\nny  linje")
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].text = section.first_page_header.paragraphs[0].text = "Fortroligt"
    section.footer.paragraphs[0].text = "Side"
    text = read("sag.docx", saved(document)).parts[0].text
    assert text == "Fortroligt\n\nFørste.\nc0\tc1\nc2\tc3\nSidste\tlinje\nny  linje\n\nSide"


def test_word_gives_insertions_content_controls_and_text_boxes_but_no_deletions():
    box = "<w:txbxContent><w:p><w:r><w:t>boks</w:t></w:r></w:p></w:txbxContent>"
    xml = f"""<w:document {W} {MC}><w:body><w:p><w:r><w:t>Hun </w:t></w:r><w:ins><w:r><w:t>bor</w:t></w:r></w:ins>
      <w:del><w:r><w:tab/><w:delText>boede</w:delText></w:r></w:del>
      <w:moveFrom><w:r><w:t>før</w:t></w:r></w:moveFrom>
      <w:r><w:t xml:space="preserve"> </w:t></w:r>
      <w:sdt><w:sdtContent><w:r><w:t>her</w:t></w:r></w:sdtContent></w:sdt>
      <w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>
      <w:sdt><w:sdtContent><w:p><w:r><w:t>skabelon</w:t></w:r></w:p></w:sdtContent></w:sdt></w:body></w:document>"""
    assert (
        read("a.docx", repack(make_docx(), {"word/document.xml": xml})).parts[0].text == "Hun bor her\nboks\nskabelon"
    )


def test_word_with_comments_says_that_they_were_left_out():
    document = docx.Document()
    document.add_comment(document.add_paragraph("Hun bor her.").runs, text=CANARY)
    extracted = read("sag.docx", saved(document))
    assert (extracted.parts[0].text, codes(extracted)) == ("Hun bor her.", [("comments_left_out", "")])


def test_word_with_macros_is_read_like_any_other():
    types = zipfile.ZipFile(io.BytesIO(make_docx("x"))).read("[Content_Types].xml").decode()
    plain = "vnd.openxmlformats-officedocument.wordprocessingml.document.main"
    types = types.replace(plain, "vnd.ms-word.document.macroEnabled.main")
    data = repack(make_docx("Hun bor her."), {"[Content_Types].xml": types, "word/vbaProject.bin": b"\x00"})
    assert read("sag.docm", data).parts[0].text == "Hun bor her."


def test_pdf_pages_are_joined_by_blank_lines():
    assert read("sag.pdf", make_pdf("Hun bor på", "Nørrebro.")).parts[0].text == "Hun bor på\n\nNørrebro."


def test_scanned_pages_are_never_lost_in_silence():
    assert refused("sag.pdf", make_pdf(None, None)) == "no_text_layer"
    extracted = read("sag.pdf", make_pdf("Hun bor her.", None))
    assert (extracted.parts[0].text, codes(extracted)) == ("Hun bor her.", [("page_without_text", "page 2")])


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_pdf_is_locked_only_where_reading_needs_a_password(algorithm):
    assert refused("sag.pdf", make_pdf("Hun bor her.", password="1234", algorithm=algorithm)) == "encrypted"
    assert read("sag.pdf", make_pdf("Hun bor her.", password="", algorithm=algorithm)).parts[0].text == "Hun bor her."


def test_a_pdf_with_too_many_pages_is_refused_and_one_with_too_much_text_reported(monkeypatch):
    assert codes(read("sag.pdf", make_pdf("a" * 30_000, "b" * 30_000))) == [("too_long", "")]
    monkeypatch.setattr(pdf, "MAX_PAGES", 1)
    assert refused("sag.pdf", make_pdf("a", "b")) == "too_many_pages"


def test_a_table_without_a_chosen_column_gives_its_columns():
    assert read("t.csv", b"nr;tekst;;tekst\n1;a;b;c\n").columns == ("nr", "tekst", "#3", "tekst (2)")
    assert read("t.xlsx", make_xlsx([["nr", "tekst"]], [["tekst", "dato"]])).columns == ("nr", "tekst", "dato")
    assert read("t.csv", b"tekst\n").parts == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_gives_the_chosen_column_exactly_with_rows_as_a_spreadsheet_numbers_them(delimiter):
    rows = ["nr", "tekst, fri"], ["7", 'Hun "bor"\r\nher; ja, her|\t'], [], ["8", " æøå "]
    data = "\r\n".join(delimiter.join('"' + x.replace('"', '""') + '"' for x in row) for row in rows).encode()
    extracted = read("t.csv", data, "tekst, fri")
    assert extracted.parts == (Part("t.csv #2", rows[1][1], "row 2"), Part("t.csv #4", " æøå ", "row 4"))


def test_csv_of_one_column_keeps_the_commas_of_its_texts():
    assert [x.text for x in read("t.csv", b"tekst\na, b; c\nd\n", "tekst").parts] == ["a, b; c", "d"]
    assert [x.text for x in read("t.csv", b"sep=|\na|b\n1|2\n", "b").parts] == ["2"]
    assert read("t.csv", b"sep=|\na|b\n1|2\n", "b").parts[0].place == "row 3"


def test_rows_that_cannot_be_told_apart_are_problems_and_the_rest_goes_on():
    extracted = read("t.csv", b'nr;tekst\n1;a;b\n2\n3;"c"d\n4;\n5;e\n6;f;\n7;"g\n', "tekst")
    assert [(x.text, x.place) for x in extracted.parts] == [("e", "row 6"), ("f", "row 7")]
    assert codes(extracted) == [("uneven_row", "row 2"), ("uneven_row", "row 3"), ("broken_quotes", "row 4"),
                                ("empty", "row 5"), ("broken_quotes", "row 8")]  # fmt: skip


def test_a_missing_column_is_said():
    for name, data in (("t.csv", b"a;b\n1;2\n"), ("t.xlsx", make_xlsx([["a", "b"], [1, 2]]))):
        assert refused(name, data, column="c") == "no_such_column"


def test_csv_in_the_encoding_of_excel_is_read():
    extracted = read("t.csv", "nr;tekst\r\n1;på gården\r\n".encode("cp1252"), "tekst")
    assert (extracted.parts[0].text, extracted.problems) == ("på gården", ())
    assert codes(read("t.csv", "a\npå\n".encode("cp850"), "a")) == codes(read("t.csv", "a\npå\n".encode("cp850")))


def test_xlsx_gives_the_column_of_every_sheet_that_has_it():
    first = [["nr", "tekst"], [1, " Hun bor\nher "], [None, None], [3.0, 5.5, "beside"], [4, None]]
    extracted = read("t.xlsx", make_xlsx(first, [["x"], ["y"]], [], [["tekst"], ["a_x000D_b"]]), "tekst")
    assert extracted.parts == (
        Part("t.xlsx #2", " Hun bor\nher ", "row 2"), Part("t.xlsx #4", "5.5", "row 4"),
        Part("t.xlsx #2", "a\rb", "sheet 4, row 2"),
    )  # fmt: skip
    assert codes(extracted) == [("empty", "row 5"), ("sheet_without_column", "sheet 2")]


def test_a_table_with_too_many_rows_or_too_much_text_is_refused(monkeypatch):
    monkeypatch.setattr(result, "MAX_PARTS", 3)
    assert len(read("t.csv", b"a\n" + b"x\n" * 3, "a").parts) == 3
    assert refused("t.csv", b"a\n" + b"x\n" * 4, column="a") == "too_many_rows"
    monkeypatch.setattr(result, "MAX_TOTAL", 2)
    assert refused("t.csv", b"a\n" + b"x\n" * 3, column="a") == "too_large"


def test_a_cell_beyond_the_last_row_of_any_sheet_is_no_reason_to_count_up_to_it():
    sheet = zipfile.ZipFile(io.BytesIO(make_xlsx([["a"], ["b"]]))).read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b'r="2"', b'r="999999999"').replace(b'"A2"', b'"A999999999"')
    assert (
        refused("a.xlsx", repack(make_xlsx([["a"], ["b"]]), {"xl/worksheets/sheet1.xml": far}), column="a")
        == "too_many_rows"
    )


def test_mail_gives_header_lines_and_the_plain_body():
    mail = make_mail(html="<p>HTML</p>")
    text = read("sag.eml", bytes(mail)).parts[0].text
    assert text == ("Subject: Bekymring for Åse\nFrom: anna@kommune.example\nTo: bo@politi.example\n"
                    "Date: Fri, 27 Nov 2026 10:00:00 +0100\n\nHun må ikke gå ud.\n")  # fmt: skip


def test_mail_keeps_line_ends_and_reads_what_older_programs_write():
    raw = (
        "Subject: Bekymring for Åse\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nHun må – ikke\r\n\r\nud.\r\n"
    )
    extracted = read("sag.eml", raw.encode("cp1252"))
    assert extracted.parts[0].text == "Subject: Bekymring for Åse\n\nHun må – ikke\r\n\r\nud.\r\n"
    assert extracted.problems == ()
    extracted = read("sag.eml", raw.replace("iso-8859-1", "nonsense").encode("cp1252"))
    assert ("Hun må – ikke" in extracted.parts[0].text, codes(extracted)) == (True, [("encoding_unsure", "")])


def test_html_mail_gives_what_a_reader_sees():
    html = "<html><head><style>x</style></head><body><p>Hun&nbsp;bor\n  <b>her</b>.</p><script>x</script>"
    html += "<table><tr><td>a</td><td>b</td></tr></table>c<br>d<!-- x --></body></html>"
    text = read("sag.eml", bytes(make_mail("\n", html))).parts[0].text
    assert text.partition("\n\n")[2] == "Hun\u00a0bor her.\n\na\tb\n\nc\nd"


def test_html_nested_beyond_reading_is_a_problem_and_no_shorter_text():
    extracted = read("sag.eml", bytes(make_mail("\n", "start" + "<div>" * 5000 + CANARY)))
    assert codes(extracted) == [("damaged", "")]
    assert "start" not in extracted.parts[0].text


def test_attachments_of_known_types_are_further_parts_and_others_are_problems():
    mail = make_mail(attachments=[("a.docx", make_docx("Word")), ("b.pdf", make_pdf("Pdf")),
                                  ("c.txt", b"Tekst"),
                                  ("d.png", b"\x89PNG\r\n\x1a\n"), ("e.csv", b"a;b\n1;2"),
                                  ("f.pdf", make_pdf("x")[:40])])  # fmt: skip
    extracted = read("sag.eml", bytes(mail))
    assert [(x.label, x.text, x.place) for x in extracted.parts[1:]] == [
        ("a.docx", "Word", "attachment 1"), ("b.pdf", "Pdf", "attachment 2"), ("c.txt", "Tekst", "attachment 3"),
    ]  # fmt: skip
    assert codes(extracted) == [
        ("image", "attachment 4"),
        ("table_attached", "attachment 5"),
        ("damaged", "attachment 6"),
    ]


def test_attached_mails_are_read_two_levels_deep():
    mail = make_mail("tre\n")
    for body in ("to\n", "et\n", "nul\n"):
        mail = make_mail(body, attachments=[("", mail), ("x.txt", body.encode())])
    extracted = read("sag.eml", bytes(mail))
    assert [(x.text.split("\n\n")[-1].strip(), x.place) for x in extracted.parts] == [
        ("nul", ""), ("et", "attachment 1"), ("to", "attachment 1, attachment 1"), ("et", "attachment 1, attachment 2"),
        ("nul", "attachment 2"),
    ]  # fmt: skip
    assert codes(extracted) == [("too_deep", "attachment 1, attachment 1, attachment 1"),
                                ("too_deep", "attachment 1, attachment 1, attachment 2")]  # fmt: skip


def test_attachments_past_the_limit_are_said_to_be_left_out(monkeypatch):
    monkeypatch.setattr("serving.extract.mail.MAX_ATTACHMENTS", 2)
    extracted = read("sag.eml", bytes(make_mail(attachments=[(f"{i}.txt", b"x") for i in range(5)])))
    assert (len(extracted.parts), codes(extracted)) == (3, [("too_many_attachments", "attachment 3")])


def test_an_attachment_inside_a_related_body_is_found():
    mail = make_mail("x\n", "<p>x</p>")
    mail.get_payload()[1].add_related(make_docx("Skjult"), "application", "octet-stream", filename="a.docx")
    assert [x.text for x in read("sag.eml", bytes(mail)).parts[1:]] == ["Skjult"]


def test_encrypted_mail_is_refused():
    raw = b"Subject: x\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nAAAA"
    assert refused("sag.eml", raw) == "encrypted"


def test_outlook_mail_gives_the_same_shape():
    attachment = make_storage({0x3707: "a.txt", 0x3705: 1, 0x3701: TEXT.encode()}, 8)
    inner = make_storage({0x0037: "Indeni", 0x1000: "Fra Riga."}, 24)
    embedded = make_storage({0x3001: "Videresendt", 0x3705: 5}, 8, **{"__substg1.0_3701000D": inner})
    extracted = read("sag.msg", make_msg(a=attachment, b=embedded))
    header = 'Subject: Bekymring\nFrom: "Anna" <anna@kommune.example>\nTo: Bo <bo@politi.example>'
    assert [(x.label, x.text, x.place) for x in extracted.parts] == [
        ("sag.msg", f"{header}\n\nHun må ikke gå ud 😀.\r\n", ""), ("a.txt", TEXT, "attachment 1"),
        ("Videresendt", "Subject: Indeni\n\nFra Riga.", "attachment 2"),
    ]  # fmt: skip
    assert extracted.problems == ()


def test_outlook_mail_in_html_or_rtf_alone_is_read_or_reported():
    html = {0x001A: "IPM.Note", 0x3FDE: 65001, 0x1013: "<p>Hun bor på gården</p>".encode()}
    assert read("sag.msg", make_msg(html)).parts[0].text.endswith("Hun bor på gården")
    assert codes(read("sag.msg", make_msg({0x001A: "IPM.Note", 0x1009: b"LZFu"}))) == [("rtf_body", "")]
    assert refused("sag.msg", make_msg({0x001A: "IPM.Note.SMIME", 0x1000: "x"})) == "encrypted"


def test_a_zip_bomb_is_refused_by_what_it_says_and_by_what_it_holds(monkeypatch):
    bomb = repack(make_docx("x"), {"word/media/a.bin": bytes(20_000_000)})
    assert refused("sag.docx", bomb) == "bomb"
    monkeypatch.setattr(packages, "_SMALL", 1_000)
    monkeypatch.setattr(packages, "MAX_RATIO", 1)
    assert refused("sag.docx", make_docx("x")) == "bomb"
    monkeypatch.undo()
    lying = bytearray(bomb)
    for at in (x.start() for x in re.finditer(struct.pack("<I", 20_000_000), bomb)):
        lying[at : at + 4] = struct.pack("<I", 100)
    assert refused("sag.docx", bytes(lying)) == "damaged"
    monkeypatch.setattr(packages, "MAX_ENTRIES", 3)
    assert refused("sag.docx", make_docx("x")) == "bomb"


def test_entities_are_refused_in_every_office_file():
    lol = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    xml = f'<?xml version="1.0"?>{lol}<w:document {W}><w:body><w:p><w:r><w:t>&b;&f;</w:t></w:r></w:p></w:body></w:document>'
    assert refused("a.docx", repack(make_docx("x"), {"word/document.xml": xml})) == "bomb"
    assert refused("a.docx", repack(make_docx("x"), {"word/document.xml": xml.encode("utf-16")})) == "bomb"
    assert refused("a.xlsx", repack(make_xlsx([["a"], ["b"]]), {"xl/sharedStrings.xml": xml}), column="a") == "bomb"


def test_a_locked_archive_is_encrypted_and_another_archive_unknown():
    data = bytearray(make_docx("x"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), bytes(data)):
            data[found.start() + at] |= 1
    assert refused("a.docx", bytes(data)) == "encrypted"
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("sag.txt", "x")
    assert refused("a.docx", other.getvalue()) == "unknown_type"


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pdf", "a.msg"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_damaged_and_never_an_error_of_another_kind(name, share):
    data = {
        "a.docx": make_docx("Hun"),
        "a.xlsx": make_xlsx([["a"], ["b"]]),
        "a.pdf": make_pdf("Hun"),
        "a.msg": make_msg(),
    }
    said = outcome(name, data[name][: int(len(data[name]) * share)], "a")
    if isinstance(said, str):
        assert said in ("damaged", "no_text_layer", "empty", "unknown_type")
    else:
        assert name in ("a.pdf", "a.msg")  # their readers can do without the end


def test_deeply_nested_xml_is_damaged():
    xml = f"<w:document {W}><w:body>" + "<w:tbl>" * 5000 + "</w:tbl>" * 5000 + "</w:body></w:document>"
    assert refused("a.docx", repack(make_docx("x"), {"word/document.xml": xml})) == "damaged"


def test_every_type_is_read_alike_in_the_sandbox():
    assert extract("a.pdf", make_pdf("Hun bor på gården", None)) == read("a.pdf", make_pdf("Hun bor på gården", None))
    files = {"a.docx": make_docx("Å😀"), "a.eml": bytes(make_mail()), "a.msg": make_msg(), "a.csv": b"a\nb\n"}
    files["a.xlsx"] = make_xlsx([["a"], ["b"]])
    for name, data in files.items():
        assert extract(name, data, column="a") == read(name, data, "a")
    assert extract("a.csv", b"a;b\n1;2\n").columns == ("a", "b")
    with pytest.raises(Unreadable, match="without a password"):
        extract("a.pdf", make_pdf("x", password="1234", algorithm="AES-256"))


def test_a_child_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.01)
    with pytest.raises(Unreadable) as error:
        extract("a.docx", make_docx("x") + bytes(5_000_000))
    assert error.value.code == "too_slow"


def test_a_child_that_runs_out_of_memory_is_damaged(monkeypatch):
    data = make_docx("a" * 40_000)
    assert extract("a.docx", data).parts
    monkeypatch.setattr(sandbox, "MEMORY", 30_000_000)
    with pytest.raises(Unreadable) as error:
        extract("a.docx", data)
    assert error.value.code == "damaged"


def test_a_child_that_cannot_be_started_is_the_fault_of_the_machine(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Unreadable) as error:
        extract("a.docx", make_docx("x"))
    assert error.value.code == "too_busy"


def test_a_child_that_nobody_could_stop_is_ended_at_once(monkeypatch):
    children, begin = [], sandbox.subprocess.Popen

    def fail(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(sandbox.subprocess, "Popen", lambda *x, **y: children.append(begin(*x, **y)) or children[-1])
    monkeypatch.setattr(sandbox.threading.Timer, "start", fail)
    with pytest.raises(Unreadable) as error:
        extract("a.docx", make_docx("x"))
    assert error.value.code == "too_busy"
    assert children[0].returncode == -9


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"{", b'{"extracted": {"parts": [{"label": "", "text": "x", "place": "KANARIEFUGL"}]}}',
        b"[]", b"null", b"1", b'"extracted"', b'{"extracted": 1}', b'{"unreadable": "KANARIEFUGL"}',
        b'{"unreadable": []}',
        b'{"extracted": {"parts": [], "columns": [], "problems": [{"code": "KANARIEFUGL", "place": ""}]}}',
        b'{"extracted": {"parts": [], "columns": [], "problems": [{"code": "empty", "place": "KANARIEFUGL"}]}}',
        b'{"extracted": {"parts": [{"text": 1}]}}', b'{"extracted": {"parts": [{"label": "", "text": "\\ud800", "place": ""}]}}',
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_damaged(answer):
    with pytest.raises(Unreadable) as error:
        sandbox._checked(answer)
    assert error.value.code == "damaged"
    assert CANARY not in "".join(traceback.format_exception(error.value))


def test_the_child_can_write_nothing_and_knows_no_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("TEGN_DATABASE_URL", CANARY)
    seen = {}
    real = subprocess.Popen

    def spy(command, **more):
        seen.update(more)
        return real(command, **more)

    monkeypatch.setattr(subprocess, "Popen", spy)
    extract("a.docx", make_docx("x"))
    assert CANARY not in json.dumps(seen["env"])
    target = tmp_path / "file"
    program = (
        f"from serving.extract.child import limit; limit({sandbox.MEMORY}, 9); open({str(target)!r}, 'w').write('x')"
    )
    real([sys.executable, "-c", program], stderr=subprocess.DEVNULL).wait()
    assert not target.exists() or target.read_bytes() == b""


def hostile_files():
    pdf_file, broken = make_pdf(CANARY, None), b"%PDF-" + CANARY.encode()
    return [
        ("a.txt", CANARY.encode() + b"\x00"),
        ("a.txt", f"på {CANARY} †† ".encode("cp1252") * 3), ("a.docx", make_docx(CANARY)[:-30]),
        ("a.docx", repack(make_docx("x"), {"word/document.xml": f"<w:document>{CANARY}"})), ("a.pdf", pdf_file[:-200]),
        ("a.pdf", pdf_file.replace(b"Tj", b"<<")), ("a.pdf", b"%PDF-1.4\n" + CANARY.encode() * 10),
        ("a.csv", f'a;b\n1;"{CANARY}"x\n{CANARY};{CANARY};{CANARY}\n'.encode()), ("a.xlsx", make_xlsx([["a"], [CANARY * 9999]])),
        ("a.xlsx", repack(make_xlsx([["a"], ["b"]]), {"xl/worksheets/sheet1.xml": f"<worksheet><{CANARY}"})),
        ("a.eml", f"Subject: =?{CANARY}?b?{CANARY}?=\nContent-Type: text/plain; charset={CANARY}\n\n{CANARY}\x00".encode()),
        ("a.eml", bytes(make_mail(attachments=[(f"{CANARY}.docx", CANARY.encode() + b"\x01\xff"), (f"{CANARY}.pdf", broken)]))),
        ("a.msg", make_msg({0x001A: "IPM.Note", 0x3FDE: 1, 0x1013: CANARY.encode()})),
    ]  # fmt: skip


@pytest.mark.parametrize("index", range(13))
def test_no_text_reaches_a_log_an_error_or_a_problem(index, caplog, capfd):
    name, data = hostile_files()[index]
    caplog.set_level(0)
    logging.getLogger("charset_normalizer").setLevel(1)
    for call in (extract,) if index % 4 == 0 else (read,):
        try:
            said = repr(call(name, data, column="a").problems)
        except Unreadable as error:
            said = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        assert CANARY not in said
    if index % 4 == 0:  # in this process alone: the child's own log goes nowhere
        assert CANARY not in caplog.text
    assert CANARY not in "".join(capfd.readouterr())


def test_labels_are_fit_to_be_shown_and_ids_of_documents():
    assert label_of("a\u202etxt.exe\x00\r\n b\ud800") == "atxt.exe b"
    assert len(label_of("a" * 1000)) == 200
    part = extract("\u202e\x00" + "æ" * 300 + ".txt", TEXT.encode()).parts[0]
    read_document({"id": part.label, "kind": "note", "text": part.text})


def test_every_code_says_what_to_do_and_every_place_is_made_of_steps():
    assert all(PARTLY[code] == text for code, text in WHOLE.items())
    for place in ("", "row 1", "attachment 2, sheet 3, row 4"):
        Problem("empty", place)
    for place in ("row", "row x", "row 1,", "row 1, ", " row 1", "row 1\n", "Riga", "row 1 Riga"):
        with pytest.raises(ValueError, match="made of steps"):
            Problem("empty", place)
    with pytest.raises(KeyError):
        Unreadable("other")


NAMES = st.sampled_from(["a.txt", "a.csv", "a.eml", "a.pdf", "a.docx", "a.xlsx", "a.msg", "a", "a.png"])
STARTS = st.sampled_from(
    [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"Subject: a\n", b"sep="]
)


def read_anything(name, data, column):
    said = outcome(name, data, column)
    if isinstance(said, str):
        assert said in WHOLE
    else:
        assert said.parts or said.columns or said.problems
        for part in said.parts:
            read_document({"id": part.label or "x", "kind": "note", "text": part.text})


@settings(max_examples=150, deadline=None)
@given(NAMES, STARTS, st.binary(max_size=400), st.sampled_from([None, "a"]))
@example("a.csv", b"", b"a\n\x00", "a")
@example("a.csv", b"sep=", b'"\n', "a")
def test_any_bytes_give_texts_problems_or_unreadable(name, start, data, column):
    read_anything(name, start + data, column)


SOUND = [("a.pdf", make_pdf("Hun", None)), ("a.docx", make_docx("Hun")), ("a.xlsx", make_xlsx([["a"], ["Hun"]])),
         ("a.msg", make_msg()),
         ("a.eml", bytes(make_mail(html="<p>x</p>", attachments=[("a.txt", b"x")]))), ("a.csv", b'a;b\r\n"x";y\r\n')]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SOUND), st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=4)), max_size=6))
def test_sound_files_with_bytes_exchanged_give_texts_problems_or_unreadable(file, changes):
    name, data = file
    broken = bytearray(data)
    for where, piece in changes:
        at = int(where * len(broken))
        broken[at : at + len(piece)] = piece
    read_anything(name, bytes(broken), "a")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80))
def test_any_text_in_utf_8_comes_back_as_it_is(text):
    if text.strip() and not text.startswith("\ufeff"):
        assert [x.text for x in reading.read("a.txt", text.encode()).parts] == [text]
