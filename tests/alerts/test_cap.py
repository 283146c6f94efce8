"""CAP 1.2: what we write is valid, what we read is what we wrote, what is wrong is told."""

from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import pytest
from alert_samples import SENT, STANDINGS, illapel, info, message, oasis_accepts
from hypothesis import given
from hypothesis import strategies as st

from houfeng.alerts import Alert, Area, Circle, Info, Reference, as_issued, read_cap, write_cap
from houfeng.alerts.alert import CATEGORIES, CERTAINTIES, RESPONSES, SEVERITIES, STATUSES, URGENCIES
from houfeng.alerts.structure import NAMESPACE, problems
from houfeng.errors import InputError

#: Anything people may type: every script, emoji, markup; not what XML cannot hold.
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=60
).filter(lambda text: text.strip() and "\n" not in text)
texts = st.one_of(
    words, st.just(""), st.builds("{}\n\n{}".format, words, words), st.just("<b>&amp;]]></b> 震动 'x' \"y\"")
)
tokens = st.from_regex(r"[A-Za-z0-9@._:-]{1,40}", fullmatch=True)
moments = st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
pairs = st.lists(st.tuples(words, texts), max_size=3).map(tuple)
circles = st.builds(Circle, st.floats(-180, 180), st.floats(-90, 90), st.floats(0, 20_000))
points = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
rings = st.lists(points, min_size=3, max_size=6).map(lambda ring: (*ring, ring[0]))
areas = st.builds(
    Area,
    description=words,
    polygons=st.lists(rings, max_size=2).map(tuple),
    circles=st.lists(circles, max_size=2).map(tuple),
    geocodes=pairs,
)


def some(known: tuple[str, ...]):
    return st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True).map(tuple)


infos = st.builds(
    Info,
    language=st.sampled_from(["en-US", "zh-CN", "es", "zh-Hant-TW"]),
    event=words,
    urgency=st.sampled_from(URGENCIES),
    severity=st.sampled_from(SEVERITIES),
    certainty=st.sampled_from(CERTAINTIES),
    categories=some(CATEGORIES),
    responses=some(RESPONSES),
    event_codes=pairs,
    onset=st.none() | moments,
    expires=st.none() | moments,
    sender_name=texts,
    headline=st.one_of(words, st.just("")),
    description=texts,
    instruction=texts,
    contact=texts,
    parameters=pairs,
    areas=st.lists(areas, max_size=2).map(tuple),
)
references = st.builds(Reference, sender=tokens, identifier=tokens, sent=moments)


@st.composite
def alerts(draw):
    kind = draw(st.sampled_from(["Alert", "Update", "Cancel"]))
    return Alert(
        identifier=draw(tokens),
        sender=draw(tokens),
        sent=draw(moments),
        event_id=draw(tokens),
        infos=tuple(draw(st.lists(infos, max_size=3))),
        status=draw(st.sampled_from(STATUSES)),
        message_type=kind,
        references=() if kind == "Alert" else tuple(draw(st.lists(references, min_size=1, max_size=3))),
        note=draw(texts),
    )


@given(alerts())
def test_every_alert_is_valid_for_oasis_and_comes_back_as_it_was(alert):
    content = write_cap(alert)
    assert oasis_accepts(content)
    assert problems(content) == ()
    assert read_cap(content) == alert


@given(alerts(), st.sampled_from(STANDINGS))
def test_every_standing_of_every_message_is_valid(alert, standing):
    shown = as_issued(alert, standing)
    assert oasis_accepts(write_cap(shown))
    assert (shown.status == "Draft") == (standing.state != "published" or alert.status == "Draft")
    assert [i.language for i in shown.infos] == [i.language for i in alert.infos]


@pytest.mark.parametrize("drill", [False, True])
@pytest.mark.parametrize("standing", STANDINGS, ids=lambda standing: standing.state)
def test_every_state_of_the_whole_life_is_valid(drill, standing):
    first = illapel(drill=drill)
    thread = (first,)
    later = message("update", thread=thread, after=5, drill=drill)
    ends = [message(kind, thread=(first, later), after=9, drill=drill) for kind in ("cancel", "all-clear")]
    for alert in (first, later, *ends):
        content = write_cap(as_issued(alert, standing))
        assert oasis_accepts(content), alert.kind
        assert read_cap(content) == as_issued(alert, standing)


def test_utc_is_written_as_the_standard_asks_and_any_offset_is_read():
    content = write_cap(message())
    assert b"<sent>2015-09-16T22:58:00-00:00</sent>" in content
    assert read_cap(content.replace(b"22:58:00-00:00</sent>", b"19:58:00-03:00</sent>")).sent == SENT


def test_another_agencys_message_is_read():
    content = f"""<?xml version="1.0" encoding="UTF-8"?>
    <alert xmlns="{NAMESPACE}"><identifier>TRI13970876.2</identifier><sender>trinet@caltech.example</sender>
    <sent>2003-06-11T20:56:00-07:00</sent><status>Actual</status><msgType>Update</msgType><source>x</source>
    <scope>Public</scope><code>IPAWSv1.0</code><references>a@b,TRI13970876.1,2003-06-11T20:30:00-07:00</references>
    <info><category>Geo</category><event>Earthquake</event><urgency>Past</urgency><severity>Minor</severity>
    <certainty>Observed</certainty><senderName>Southern California Seismic Network</senderName>
    <headline>EQ 3.4
    Imperial County</headline><web>http://example.org/a</web><parameter><valueName>M</valueName><value>3.4</value>
    </parameter><area><areaDesc>1 mi. WSW of Seeley</areaDesc><circle>32.9525,-115.5527 0</circle></area></info>
    </alert>""".encode()
    assert oasis_accepts(content)
    alert = read_cap(content)
    assert alert.sent == datetime(2003, 6, 12, 3, 56, tzinfo=UTC)
    assert (alert.kind, alert.infos[0].language) == ("update", "en-US")  # the standard's default language
    assert alert.infos[0].headline == "EQ 3.4 Imperial County".replace(" Imp", "     Imp")
    assert alert.infos[0].areas[0].circles == (Circle(-115.5527, 32.9525, 0),)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<status>Actual</status>", "<status>Real</status>", "alert/status is 'Real', allowed: Actual"),
        ("<scope>Public</scope>", "", "alert/scope is missing or out of order"),
        ("-00:00</sent>", "Z</sent>", "alert/sent is '2015-09-16T22:58:00Z', write it like"),
        ("2015-09-16T22:58", "2015-09-31T22:58", "which is no time"),
        ("<certainty>Likely", "<certainty>Sure", "alert/info/certainty is 'Sure'"),
        ("<event>Earthquake</event>", "<event>a</event><event>b</event>", "alert/info/event stands 2 times, at most 1"),
        ("<headline>", "<title>x</title><headline>", "alert/info has title where it may not stand"),
        ("<info>", "<info>words", "alert/info has text between its elements"),
        ("<language>en-US", "<language>english_us", "alert/info/language is 'english_us'"),
        ("<scope>", "<scope lang='en'>", "alert/scope has the attribute lang"),
        ("-29.95,-71.34 12", "-29.95 -71.34", "alert/info/area/circle is '-29.95 -71.34', write it like"),
        ("<identifier>", "<identifier>a b", "alert/identifier is 'a b"),
        (NAMESPACE, NAMESPACE.replace("1.2", "1.1"), "the root is {urn:oasis:names:tc:emergency:cap:1.1}alert"),
    ],
)
def test_what_is_wrong_is_told_and_oasis_agrees_where_it_looks(old, new, words):
    content = write_cap(message()).decode()
    assert old in content
    broken = content.replace(old, new).encode()
    found = problems(broken)
    assert any(words in problem for problem in found), found
    with pytest.raises(InputError, match="is not CAP 1.2"):
        read_cap(broken, "a message")
    formats_only_we_look_at = ("circle", "identifier")
    if not any(name in words for name in formats_only_we_look_at):
        assert not oasis_accepts(broken)


@given(st.integers(0, 40), st.sampled_from(["drop", "double", "swap"]), st.booleans())
def test_our_check_of_structure_agrees_with_the_schema_of_oasis(place, change, chinese):
    """Elements lost, doubled or out of order: where the schema says no, so do we, and the other way round."""
    from lxml import etree

    root = etree.fromstring(write_cap(illapel()))
    parent = root.findall(f"{{{NAMESPACE}}}info")[int(chinese)] if place % 2 else root
    child = parent[place % len(parent)]
    if change == "drop":
        parent.remove(child)
    elif change == "double":
        parent.insert(parent.index(child), etree.fromstring(etree.tostring(child)))
    else:
        parent.append(child)
    content = etree.tostring(root)
    assert (problems(content) == ()) == oasis_accepts(content)


@pytest.mark.parametrize(
    "content", [b"", b"words", b"<alert>", b"\xff\xfe\x00", b"<?xml version='1.0' encoding='x'?><a/>"]
)
def test_what_is_no_xml_is_told(content):
    with pytest.raises(InputError, match="is not XML"):
        read_cap(content, "mail.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_explode_are_refused_in_any_encoding(encoding):
    bomb = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>"
    with pytest.raises(InputError, match="has a DTD"):
        read_cap(bomb.encode(encoding))


def test_shapes_that_cannot_be_read_are_told():
    content = write_cap(message()).decode()
    with pytest.raises(InputError, match="no longitude and latitude"):
        read_cap(content.replace("-29.95,-71.34 12", "-29.95,-271.34 12").encode())
    with pytest.raises(InputError, match="not sender,identifier,sent"):
        alert = write_cap(message("update", thread=(message(),), after=1)).decode()
        read_cap(alert.replace("alerts@csn.example,houfeng", "houfeng").encode())


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "\uffff", "\r"])
@pytest.mark.parametrize("field", ["headline", "description", "instruction", "event", "sender_name", "contact"])
def test_control_characters_are_refused_by_name(field, character):
    with pytest.raises(InputError, match=f"U\\+{ord(character):04X} at position 5"):
        info(**{field: f"words{character}more"})


def test_markup_stays_text():
    nasty = "</headline><script>alert(1)</script> & <![CDATA[x]]>"
    content = write_cap(message(infos=(info(headline=nasty),)))
    assert escape(nasty) in content.decode() and read_cap(content).infos[0].headline == nasty


def test_bad_values_are_refused_with_what_is_allowed():
    with pytest.raises(InputError, match="no blanks, commas"):
        Alert("a b", "x", SENT, "e", ())
    with pytest.raises(InputError, match="did you mean 'Severe'"):
        info(severity="severe")
    with pytest.raises(InputError, match="write it like en-US"):
        info(language="English!")
    with pytest.raises(InputError, match="several lines"):
        info(headline="a\nb")
    with pytest.raises(InputError, match="must refer to an earlier one"):
        Alert("a", "x", SENT, "e", (), message_type="Cancel")
    with pytest.raises(InputError, match="at least four points"):
        Area("x", polygons=(((0.0, 0.0), (1.0, 1.0), (0.0, 0.0)),))
    with pytest.raises(InputError, match="a radius of -1 km"):
        Circle(0, 0, -1)
    with pytest.raises(InputError, match="the description of an area is empty"):
        Area("  ")
    with pytest.raises(InputError, match="no time zone"):
        info(expires=datetime(2015, 1, 1))


def test_longitudes_come_into_range_and_seconds_are_whole():
    assert Circle(180, 0, 1).longitude == -180
    assert info(onset=SENT + timedelta(microseconds=7)).onset == SENT
