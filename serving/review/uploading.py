"""Files: sent all at once or one by one, and the page that shows what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse

from serving.api.problems import Problem
from serving.desk import uploads
from serving.desk.uploads import MAX_FILES, FileState, NoSuchUpload, NotAColumn, NothingToTry, TooMany, UploadState
from serving.extract.result import MAX_FILE, Unreadable
from serving.extract.result import Problem as Trouble
from serving.noting import note
from serving.review import submit
from serving.review.covering import covered
from serving.review.fileforms import MAX_REQUEST, Sent, TooMuch, read_files
from serving.review.forms import from_script, read_form
from serving.review.guards import Reader
from serving.review.moments import moment
from serving.review.numbers import Number, row_number
from serving.review.rendering import show, words_of
from serving.review.words import Words
from serving.store.access import Person
from serving.store.ledger import Ledger
from triage.text import KINDS

router = APIRouter(include_in_schema=False)
BADGES = {
    "waiting": "plain",
    "reading": "info",
    "again": "warning",
    "choose": "warning",
    "done": "success",
    "failed": "error",
}
_SHOWN = 20
"""Problems of one file that are shown; of the rest, how many there are."""


def trouble(words: Words, problem: Trouble) -> str:
    """A problem of a file, in words for people: where, what, and what to do."""
    said = words[f"problem_{problem.code}"]
    where = ", ".join(_step(words, step) for step in problem.place.split(", ")) if problem.place else ""
    return f"{where}: {said}" if where else said


def _step(words: Words, step: str) -> str:
    kind, number = step.split(" ")
    return f"{words[f'place_{kind}']} {number}"


def troubles(words: Words, file: FileState) -> list[str]:
    """The problems of a file, in words for people, as many as anybody reads; of one that waits to be tried again, until when."""
    if file.again is not None:
        return [words.say("upload_again_at", moment=moment(file.again, words.language).striptags())]
    shown = [trouble(words, x) for x in file.problems[:_SHOWN]]
    left = len(file.problems) - _SHOWN
    return [*shown, words.say("problems_more", count=left)] if left > 0 else shown


def counted(words: Words, file: FileState) -> str:
    """How many texts a file gave, in words."""
    if file.state not in ("done", "reading") or not file.texts + file.known:
        return ""
    known = words.say("upload_known", count=file.known) if file.known else ""
    return ", ".join(filter(None, [words.say("upload_texts", count=file.texts), known]))


def summary(words: Words, upload: UploadState) -> str:
    """The state of an upload in one sentence, to be said aloud."""
    finished, total = upload.finished, len(upload.files)
    if upload.working:
        return words.say("upload_said_working", done=finished, total=total)
    if any(file.state == "choose" for file in upload.files):
        return words["upload_said_choose"]
    if waiting := sum(file.state == "again" for file in upload.files):
        return words.say("upload_said_again", count=waiting)
    failed = sum(file.state == "failed" for file in upload.files)
    said = words.say("upload_said_done", texts=sum(x.texts for x in upload.files), failed=failed)
    left = [
        f"{covered(file.name)}, {place}"
        for file in upload.files
        if file.state == "done"
        for place in _sheets_left(words, file)
    ]
    return f"{said} {words.say('upload_said_sheets', sheets='; '.join(left))}" if left else said


def _sheets_left(words: Words, file: FileState) -> list[str]:
    places = (x.place.split(", ")[-1] for x in file.problems if x.code == "sheet_without_column")
    return [_step(words, place) for place in places]


async def _state(request: Request, person: Person, number: int) -> UploadState:
    try:
        return await run_in_threadpool(uploads.state, request.app.state.ledger, person.id, number)
    except NoSuchUpload:
        raise Problem("not-found", "upload") from None


async def _page(
    request: Request, person: Person, number: int, *, error: str = "", wrong: int = 0, status: int = 422
) -> Response:
    upload, words = await _state(request, person, number), words_of(request)
    await note(request, person.actor, "upload.read", f"upload#{number}")
    files = [(x, BADGES[x.state], counted(words, x), troubles(words, x)) for x in upload.files]
    return show(
        "upload.html",
        words,
        status=status if error else 200,
        person=person,
        upload=upload,
        files=files,
        said=summary(words, upload),
        error=error,
        wrong=wrong,
        left=row_number(request.query_params.get("left", "")),
        max_files=MAX_FILES,
        max_file=MAX_FILE // 1024**2,
        max_request=MAX_REQUEST // 1024**2,
    )


@router.post("/uploads")
async def start(request: Request, person: Reader) -> Response:
    """Begin an upload, with all of its files or, from a script that sends them one by one afterwards, with none yet."""
    words, script = words_of(request), from_script(request)
    try:
        fields, files = await read_files(request)
    except TooMuch as error:
        said = _too_much(words, error)
        if script:
            return JSONResponse({"error": said}, 413)
        return await submit.page(request, person, {"files": said}, status=413)
    kind, reference = fields.get("files_kind", ""), fields.get("files_reference", "")
    errors = {}
    if not files and not script:
        errors["files"] = words["upload_none"]
    if kind not in KINDS:
        errors["files_kind"] = words["submit_kind_missing"]
    if wrong := submit.check_reference(words, reference):
        errors["files_reference"] = wrong
    if errors and script:
        return JSONResponse({"error": next(iter(errors.values()))}, 422)
    if errors:
        return await submit.page(request, person, errors, fields)
    settings, ledger = request.app.state.settings, request.app.state.ledger
    number = await run_in_threadpool(
        uploads.start, ledger, person.id, kind=kind, reference=reference, keep_days=settings.keep_days
    )
    left = await run_in_threadpool(_keep, ledger, person.id, number, files)
    return JSONResponse({"upload": number}, 201) if script else _to(number, left)


@router.post("/uploads/{number}/files")
async def add(request: Request, number: Number, person: Reader) -> Response:
    """Add files to an upload."""
    words, script = words_of(request), from_script(request)
    await _state(request, person, number)
    error, status = "", 422
    try:
        _, files = await read_files(request)
        error = "" if files else words["upload_none"]
    except TooMuch as problem:
        error, status = _too_much(words, problem), 413
    if not error:
        left = await run_in_threadpool(_keep, request.app.state.ledger, person.id, number, files)
        if not script:
            return _to(number, left)
        error = words.say("upload_full", count=MAX_FILES) if left else ""
    if script:
        return JSONResponse({"error": error} if error else {"upload": number}, status if error else 201)
    return await _page(request, person, number, error=error, status=status)


@router.get("/uploads/{number}")
async def upload(request: Request, number: Number, person: Reader) -> Response:
    """What became of the files so far."""
    return await _page(request, person, number)


@router.get("/uploads/{number}/state")
async def state(request: Request, number: Number, person: Reader) -> Response:
    """The same for the page's script, in the words the page has."""
    found, words = await _state(request, person, number), words_of(request)
    return JSONResponse(
        {
            "done": found.finished,
            "total": len(found.files),
            "working": found.working,
            "said": summary(words, found),
            "files": [
                {
                    "id": file.id,
                    "state": words[f"file_{file.state}"],
                    "kind": BADGES[file.state],
                    "choose": file.state == "choose" and bool(file.columns),
                    "again": file.kept,
                    "counted": counted(words, file),
                    "problems": troubles(words, file),
                }
                for file in found.files
            ],
        }
    )


@router.post("/uploads/{number}/column")
async def choose(request: Request, number: Number, person: Reader) -> Response:
    """Say which column of a table holds the texts."""
    fields = await read_form(request)
    chosen = row_number(fields.get("file", "")) or 0
    ledger: Ledger = request.app.state.ledger
    try:
        await run_in_threadpool(uploads.choose, ledger, person.id, number, chosen, fields.get("column", ""))
    except NoSuchUpload:
        raise Problem("not-found", "upload") from None
    except NotAColumn:
        error = words_of(request)["upload_choose_again"]
        return await _page(request, person, number, error=error, wrong=chosen)
    return RedirectResponse(f"/uploads/{number}", 303)


@router.post("/uploads/{number}/again")
async def again(request: Request, number: Number, person: Reader) -> Response:
    """Have a file read once more."""
    fields = await read_form(request)
    ledger: Ledger = request.app.state.ledger
    try:
        await run_in_threadpool(uploads.try_again, ledger, person.id, number, row_number(fields.get("file", "")) or 0)
    except NoSuchUpload:
        raise Problem("not-found", "upload") from None
    except NothingToTry:
        return await _page(request, person, number, error=words_of(request)["upload_nothing_to_try"])
    return RedirectResponse(f"/uploads/{number}", 303)


def _keep(ledger: Ledger, person: int, number: int, files: Sequence[Sent]) -> int:
    """Keep files; returns how many there was no room for. One that cannot be kept is listed with the reason."""
    for place, file in enumerate(files):
        try:
            try:
                uploads.add_file(ledger, person, number, file.name, file.data)
            except Unreadable as error:
                uploads.add_unread(ledger, person, number, file.name, error.code)
        except TooMany:
            return len(files) - place
    return 0


def _to(number: int, left: int) -> Response:
    return RedirectResponse(f"/uploads/{number}" + (f"?left={left}" if left else ""), 303)


def _too_much(words: Words, error: TooMuch) -> str:
    return words.say(f"upload_{error.code}", count=MAX_FILES, size=MAX_REQUEST // 1024**2)
