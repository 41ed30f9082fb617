"""The configuration: what a file means, every mistake with its line and what was meant, and that no secret shows."""

import re
from datetime import time, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import BaseModel

from bot.config import (
    Config,
    Platforms,
    WebSettings,
    default_config,
    effective,
    environment,
    load,
    models_in,
    warnings,
)
from bot.platforms.discord.settings import DiscordSettings
from bot.platforms.slack.settings import SlackSettings
from newsletter.errors import ConfigError, Problem
from newsletter.publish import title_problems
from newsletter.settings import Day, FetchSettings, MarkdownSettings, NewsletterSettings, Schedule, SectionSettings

ROOT = Path(__file__).resolve().parent.parent
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "SLACK_APP_TOKEN": "xapp-1-A0KRD7HC3-1293923020-2bb98c",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "DISCORD_TOKEN": "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "DATABASE_PASSWORD": "hunter-two",
    "WEB_TOKEN": "open-sesame",
}
SMALLEST = "newsletters: {weekly: {}}"
# Every key of the design, in its shape: ${NAME} stands in braces, which plain YAML does not take.
WHOLE = """\
database: sqlite:///linkletter.db              # or postgresql://…
platforms:
  slack: {bot_token: ${SLACK_BOT_TOKEN}, app_token: ${SLACK_APP_TOKEN}}      # or signing_secret
  discord: {token: ${DISCORD_TOKEN}}
newsletters:
  ml-weekly:
    title: "Weekly ML/DL News ({{ week.next.label }})"
    language: ko
    timezone: Asia/Seoul
    schedule: {day: saturday, time: "12:00"}
    collect: ["slack:#ml-news", "discord:Team/ml-news"]
    post_to: ["slack:#ml-news"]
    markdown: {folder: posts, style: hexo, categories: [news], tags: [ML, DL], url: "https://blog.example.com/{{ slug }}"}
    editors: ["slack:U012ABC"]                 # Ann
    editors_channel: "slack:#news-desk"
    sections:
      - {tag: paper, title: 논문, hashtags: [paper], domains: [arxiv.org], emoji: [page_facing_up]}
"""


@pytest.fixture
def write(tmp_path):
    """Put a configuration into a file."""

    def to(text: str | bytes) -> Path:
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    return to


@pytest.fixture
def read(write):
    """The configuration a text means."""

    def from_text(text: str, environ=SECRETS, **how) -> Config:
        return load(write(text), environ, **how)

    return from_text


@pytest.fixture
def problems(read):
    """The problems a text has."""

    def of(text: str | bytes, environ=SECRETS, **how) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as error:
            read(text, environ, **how)
        return error.value.problems

    return of


def weekly(lines: str) -> str:
    """A newsletter with these settings, of which the first stands on line 3."""
    return "newsletters:\n  weekly:\n" + "".join(f"    {line}\n" for line in dedent(lines).splitlines())


# --- what a file means


def test_the_shape_of_the_design_is_understood(read):
    whole = read(WHOLE)
    assert whole.platforms.slack.bot_token.get_secret_value() == SECRETS["SLACK_BOT_TOKEN"]
    assert whole.platforms.discord.token.get_secret_value() == SECRETS["DISCORD_TOKEN"]
    assert whole.newsletters["ml-weekly"] == NewsletterSettings(
        key="ml-weekly",
        title="Weekly ML/DL News ({{ week.next.label }})",
        language="ko",
        timezone="Asia/Seoul",
        schedule=Schedule(day=Day.SATURDAY, time=time(12)),
        collect=("slack:#ml-news", "discord:Team/ml-news"),
        post_to=("slack:#ml-news",),
        markdown=MarkdownSettings(categories=("news",), tags=("ML", "DL"), url="https://blog.example.com/{{ slug }}"),
        editors=("slack:U012ABC",),
        editors_channel="slack:#news-desk",
        sections=(
            SectionSettings(
                tag="paper", title="논문", hashtags=("paper",), domains=("arxiv.org",), emoji=("page_facing_up",)
            ),
        ),
    )


@pytest.mark.parametrize(
    "text", [SMALLEST, "newsletters:\n  weekly:\n", "newsletters:\n  weekly:\n    collect:\nplatforms:\ndatabase:\n"]
)
def test_a_key_without_a_value_is_its_default(read, text):
    found = read(text)
    assert found.newsletters == {"weekly": NewsletterSettings(key="weekly")}
    assert (found.database, found.platforms) == ("sqlite:///linkletter.db", Platforms())


def test_values_are_what_was_written_and_no_yaml_type(read):
    markdown = "{tags: [no, 3.10, 2020-06-13, 0x10, 1_000], index: yes}"
    found = read(
        weekly(f"title: 2020\nat_least: 3\nschedule: {{day: Friday, time: 9:30}}\nmarkdown: {markdown}")
    ).newsletters["weekly"]
    assert found.title == "2020"
    assert found.at_least == 3
    assert found.schedule == Schedule(day=Day.FRIDAY, time=time(9, 30))
    assert found.markdown.tags == ("no", "3.10", "2020-06-13", "0x10", "1_000")
    assert found.markdown.index is True


def test_an_alias_repeats_what_it_names(read):
    both = read("newsletters:\n  a: {collect: &news ['slack:#news']}\n  b: {collect: *news}\n").newsletters
    assert both["a"].collect == both["b"].collect == ("slack:#news",)


def test_a_byte_order_mark_is_no_mistake(write):
    assert load(write(b"\xef\xbb\xbf" + SMALLEST.encode()), {}).newsletters


def test_without_a_file_there_is_one_newsletter_over_everything():
    only = default_config()
    assert only.path is None
    assert only.database == "sqlite:///linkletter.db"
    settings = only.newsletters["newsletter"]
    assert (settings.collect, settings.timezone, settings.schedule) == (
        (),
        "UTC",
        Schedule(day=Day.MONDAY, time=time(0)),
    )


def test_settings_cannot_be_changed(read):
    found = read(SMALLEST)
    with pytest.raises(TypeError):
        found.newsletters["other"] = NewsletterSettings()
    with pytest.raises(AttributeError):
        found.database = "sqlite:///other.db"


# --- mistakes: line, path, what is wrong, what was meant


def test_a_language_that_there_is_not_is_named_with_its_line_also_where_titles_are_tried(problems):
    [found] = problems("newsletters:\n  weekly:\n    language: kr", checks=[title_problems])
    assert (found.line, found.message) == (3, "there is no language 'kr'")


@pytest.mark.parametrize(
    ("lines", "line", "path", "message", "meant"),
    [
        ("timezone: Asia/Soul", 3, "timezone", "unknown time zone 'Asia/Soul'", "did you mean Asia/Seoul?"),
        ("timezone: seoul", 3, "timezone", "unknown", "did you mean Asia/Seoul?"),
        ("timezone: New York", 3, "timezone", "unknown", "did you mean America/New_York?"),
        ("timezone: KST", 3, "timezone", "unknown", "as in Asia/Seoul"),
        ("language: korean", 3, "language", "no language 'korean'", "did you mean ko?"),
        ("language: xx", 3, "language", "no language 'xx'", "there is en, ko"),
        ("schedule:\n  day: sat", 4, "schedule.day", "must be one of monday, tuesday", "did you mean saturday?"),
        ("schedule: {day: 6}", 3, "schedule.day", "must be one of monday, tuesday", None),
        ('schedule: {time: "25:00"}', 3, "schedule.time", 'write the time as "HH:MM"', None),
        ("schedule: {time: 24:00}", 3, "schedule.time", "00:00", None),
        ("schedule: {time: 1230}", 3, "schedule.time", "HH:MM", None),
        ('schedule: {time: "12:00Z"}', 3, "schedule.time", "HH:MM", None),
        ("schedule: saturday", 3, "schedule", "must be a mapping", None),
        ("colect: []", 3, "colect", "no such setting", "did you mean collect?"),
        ("markdown:\n  folder: posts\n  styl: hexo", 5, "markdown.styl", "no such setting", "did you mean style?"),
        ("markdown: {style: hexxo}", 3, "markdown.style", "must be one of hexo, jekyll", "did you mean hexo?"),
        ("markdown: {index: perhaps}", 3, "markdown.index", "must be true or false", None),
        ("markdown: {show: [peple]}", 3, "markdown.show.0", "must be one of", "did you mean people?"),
        ("markdown: posts", 3, "markdown", "must be a mapping", None),
        ("title: [a]", 3, "title", "must be text", None),
        ("title: a\nintro: b\ntitle: c", 5, "title", "written twice, first on line 3", "keep one"),
        ("collect: slack:#news", 3, "collect", "must be a list", '["one", "two"]'),
        ("collect:\n  - '#news'", 4, "collect.0", "names no platform", '"slack:#news" or "discord:#news"'),
        ("collect: [slack:news]", 3, "collect.0", "is no channel", 'did you mean "slack:#news"?'),
        ("collect: [slak:#news]", 3, "collect.0", "no platform 'slak'", "did you mean slack?"),
        ("collect: ['']", 3, "collect.0", "names no platform", None),
        ("collect:\n  - slack: #news", 4, "collect.0", "must be text", "in quotes"),
        ("post_to: [news]", 3, "post_to.0", "names no platform", '"slack:#news"'),
        ("editors_channel: news", 3, "editors_channel", "names no platform", '"slack:#news"'),
        ("editors: ['slack:@ann']", 3, "editors.0", "is no person", "slack:U012ABC"),
        ("editors: [U012ABC]", 3, "editors.0", "is no person", "slack:U012ABC"),
        ("at_least: 0", 3, "at_least", "must be at least 1", None),
        ("discussion: 21", 3, "discussion", "must be at most 20", None),
        ("retention: 999999999", 3, "retention", "must be at most 36500", None),
        ("joined_for: 999999999", 3, "joined_for", "must be at most 36500", None),
        ("at_least: few", 3, "at_least", "whole number", None),
        ("private: yes", 3, "private", 'can only be "may be published"', None),
        ("sections: [{title: Papers}]", 3, "sections.0.tag", "is needed", None),
        ("sections:\n  - {tag: a}\n  - {tag: a}", 2, "", "two sections have the tag 'a'", None),
        ("key: other", 3, "key", "its name in the file", "leave this line out"),
        ("title: {{ week.label }}", 3, "title", "braces", "in quotes"),
        ("intro: ${INTRO}", 3, "intro", "nothing from the environment", "only tokens"),
        ("intro: !include intro.md", 3, "intro", "tag !include", "leave it out"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_was_meant(problems, lines, line, path, message, meant):
    found = problems(weekly(lines))[0]
    assert found.path == ".".join(filter(None, ["newsletters", "weekly", path]))
    assert found.line == line
    assert message in found.message
    assert (meant or "") in (found.suggestion or "")


@pytest.mark.parametrize(
    ("text", "path", "message", "meant"),
    [
        ("", "file", "is empty", "config.example.yaml"),
        ("# nothing yet\n", "file", "is empty", "config.example.yaml"),
        ("just words", "file", "must be a mapping", "config.example.yaml"),
        ("- a\n- b\n", "file", "must be a mapping", "config.example.yaml"),
        ("database: sqlite:///a.db", "newsletters", "there is none", "config.example.yaml"),
        ("newsletters: {}", "newsletters", "there is none", "config.example.yaml"),
        ("newsletters: [weekly]", "newsletters", "must be a mapping", "config.example.yaml"),
        ("newsletters: {weekly news: {}}", "newsletters.weekly news", "one word", "weekly-news"),
        ("newsletters: {weekly: []}", "newsletters.weekly", "must be a mapping", ""),
        (f"{SMALLEST}\nplatfroms: {{}}", "platfroms", "no such setting", "did you mean platforms?"),
        (f"{SMALLEST}\nplatforms: {{slak: {{}}}}", "platforms.slak", "no such setting", "did you mean slack?"),
        (f"{SMALLEST}\nplatforms: {{slack: {{token: 1}}}}", "platforms.slack.token", "no such setting", "bot_token"),
        (f"{SMALLEST}\nplatforms: {{slack: {{api_url: slack.com}}}}", "platforms.slack.api_url", "https://", ""),
        (f"{SMALLEST}\ndatabase: linkletter.db", "database", "must begin with", "sqlite:///linkletter.db"),
        (f"{SMALLEST}\ndatabase: postgres://u@h/d", "database", "must begin with", "did you mean postgresql://…?"),
        (f"{SMALLEST}\ndatabase: [a]", "database", "must be text", ""),
        ("newsletters:\n\tweekly: {}\n", "file", "is not YAML", "indent with spaces"),
        ("newsletters: {weekly: {title: @x}}", "file", "is not YAML", "in quotes"),
        ("newsletters:\n  weekly:\n    title: News: new\n", "file", "is not YAML", "in quotes"),
        ("newsletters: [\n", "file", "is not YAML", ""),
        (f"{SMALLEST}\n---\n{SMALLEST}", "file", "is not YAML", ""),
        ("newsletters: \x07", "file", "control character U+0007", "take it out"),
        (b"newsletters: \xff", "file", "is not UTF-8", "save it as UTF-8"),
        ("[" * 3000, "file", "nested too deeply", ""),
        ("newsletters: &n {weekly: *n}", "file", "nested too deeply", ""),
    ],
)  # fmt: skip
def test_a_file_that_is_no_configuration_says_why(problems, text, path, message, meant):
    found = problems(text, need_tokens=False)[0]
    assert found.path == path
    assert message in found.message
    assert meant in (found.suggestion or "")


def test_a_mistake_after_a_token_in_braces_has_its_own_line(problems):
    text = "platforms:\n  slack: {bot_token: ${SLACK_BOT_TOKEN}}\nnewsletters:\n\tweekly: {}\n"
    assert problems(text)[0].line == 4


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file(problems):
    found = problems(
        """\
        platforms:
          slack: {bot_token: ${SLACK_BOT_TOKN}, app_token: ${SLACK_APP_TOKEN}}
        newsletters:
          one: {timezone: Mars, language: tlh, collect: [news], styl: x}
          two:
            schedule: {day: someday, time: noon}
          two: {}
        """
    )
    assert [(problem.line, problem.path) for problem in found] == [
        (2, "platforms.slack.bot_token"),
        (4, "newsletters.one.collect.0"),
        (4, "newsletters.one.language"),
        (4, "newsletters.one.styl"),
        (4, "newsletters.one.timezone"),
        (6, "newsletters.two.schedule.day"),
        (6, "newsletters.two.schedule.time"),
        (7, "newsletters.two"),
    ]


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(
        ConfigError, match=r"config\.yaml: file: there is no such file .*--config FILE.*config\.example\.yaml"
    ):
        load(tmp_path / "config.yaml", {})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


def test_two_newsletters_cannot_keep_their_index_in_one_folder(problems):
    text = "newsletters:\n  a: {markdown: {folder: posts, index: true}}\n  b:\n    markdown: {folder: ./posts/, index: true}\n"
    (found,) = problems(text)
    assert (found.path, found.line) == ("newsletters.b.markdown.folder", 4)
    assert "a writes index.md there" in found.message


@pytest.mark.parametrize("other", ["ML-Weekly", "ml_weekly", "ml.weekly"])
def test_two_newsletters_have_names_that_make_different_file_names(problems, other):
    (found,) = problems(f"newsletters:\n  ml-weekly: {{}}\n  {other}: {{}}\n")
    assert (found.path, found.line) == (f"newsletters.{other}", 3)
    assert "too much like ml-weekly" in found.message


def test_others_may_check_what_only_they_know(problems):
    def title_renders(settings: NewsletterSettings):
        if "wek" in settings.title:
            yield Problem("title", "'wek' is undefined", suggestion="did you mean week?")

    text = "newsletters:\n  good: {}\n  bad:\n    title: '{{ wek.label }}'\n"
    assert problems(text, checks=[title_renders]) == (
        Problem("newsletters.bad.title", "'wek' is undefined", 4, "did you mean week?"),
    )


# --- secrets


def test_a_token_that_is_not_set_is_named_where_tokens_are_needed(problems, read):
    found = problems(WHOLE, {**SECRETS, "SLACK_BOT_TOKEN": " "})
    assert [problem.path for problem in found] == ["platforms.slack.bot_token"]
    assert "SLACK_BOT_TOKEN is not set" in found[0].message
    offline = read(WHOLE, {}, need_tokens=False)
    assert offline.platforms == Platforms(slack=SlackSettings(), discord=DiscordSettings())
    assert sum("is not set" in warning for warning in warnings(offline)) == 3


def test_a_variable_that_is_almost_right_is_suggested(problems):
    (found,) = problems(f"{SMALLEST}\nplatforms: {{discord: {{token: ${{DISCORD_TOKN}}}}}}")
    assert found.suggestion == "did you mean ${DISCORD_TOKEN}?"


def test_what_listening_needs_is_named_where_it_is_not_written_at_all(problems, read):
    nothing = f"{SMALLEST}\nplatforms: {{slack: {{}}, discord: {{}}}}"
    assert [problem.path for problem in problems(nothing)] == [
        "platforms.discord.token", "platforms.slack.app_token", "platforms.slack.bot_token"
    ]  # fmt: skip
    over_http = "{bot_token: ${SLACK_BOT_TOKEN}, signing_secret: ${SLACK_SIGNING_SECRET}}"
    assert read(f"{SMALLEST}\nplatforms: {{slack: {over_http}}}").platforms.slack.signing_secret


def test_mixed_up_slack_tokens_are_noticed(problems):
    swapped = {**SECRETS, "SLACK_BOT_TOKEN": SECRETS["SLACK_APP_TOKEN"], "SLACK_APP_TOKEN": SECRETS["SLACK_BOT_TOKEN"]}
    found = problems(WHOLE, swapped)
    assert [problem.path for problem in found] == ["platforms.slack.app_token", "platforms.slack.bot_token"]
    assert all("mixed up" in problem.message for problem in found)


def test_a_token_from_a_file_may_end_in_a_line_break(read):
    found = read(WHOLE, {**SECRETS, "DISCORD_TOKEN": SECRETS["DISCORD_TOKEN"] + "\n"})
    assert found.platforms.discord.token.get_secret_value() == SECRETS["DISCORD_TOKEN"]


def test_a_database_may_take_a_part_from_the_environment(read, problems):
    text = f"database: postgresql://linkletter:${{DATABASE_PASSWORD}}@localhost/linkletter\n{SMALLEST}"
    assert read(text).database == "postgresql://linkletter:hunter-two@localhost/linkletter"
    assert "DATABASE_PASSWORD is not set" in problems(text, {}, need_tokens=False)[0].message


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "DISCORD_TOKEN"])
@pytest.mark.parametrize(
    "text",
    [
        SMALLEST + "\nplatforms: {slack: {bot_token: TOKEN}}",
        SMALLEST + "\nplatforms: {slack: {signing_secret: 'TOKEN'}}",
        SMALLEST + "\nplatforms: {slack: {signing_secret: 'prefix ${SLACK_SIGNING_SECRET} TOKEN'}}",
        SMALLEST + "\nplatforms: {slack: [TOKEN]}",
        SMALLEST + "\nplatforms: {slack: {api_url: TOKEN}}",
        SMALLEST + "\nplatforms: {discord: {token: TOKEN}}",
        SMALLEST + "\nplatforms: {discord: {token: [TOKEN]}}",
        SMALLEST + "\nplatforms: {discord: {token: TOKEN\n",
        SMALLEST + "\ndatabase: TOKEN",
    ],
)
def test_a_secret_written_into_the_file_is_refused_and_not_repeated(write, name, text):
    with pytest.raises(ConfigError) as error:
        load(write(text.replace("TOKEN", SECRETS[name])), {})
    assert SECRETS[name] not in str(error.value) + repr(error.value) + repr(error.value.problems)


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN"])
@pytest.mark.parametrize(
    "line",
    [
        "timezone: {}",
        "language: {}",
        "collect: [{}]",
        "editors: [{}]",
        "intro: see {}",
        "{}: x",
        "markdown: {{style: {}}}",
        "a: *{}",
    ],
)
def test_a_token_anywhere_else_is_refused_and_not_repeated(problems, name, line):
    found = problems(weekly(line.format(SECRETS[name])))
    assert SECRETS[name] not in repr(found)
    assert re.search(r"looks like a token|\(hidden\)|not YAML", str(found[0]))


def test_a_refused_secret_says_where_it_belongs(problems):
    (found,) = problems(f"{SMALLEST}\nplatforms: {{discord: {{token: {SECRETS['DISCORD_TOKEN']}}}}}")
    assert (found.path, found.line) == ("platforms.discord.token", 2)
    assert "environment variable DISCORD_TOKEN, and write ${DISCORD_TOKEN}" in found.suggestion


def test_no_secret_shows_in_what_is_printed(read):
    text = WHOLE.replace("sqlite:///linkletter.db", "postgresql://l:${DATABASE_PASSWORD}@localhost/l")
    found = read(text)
    shown = "\n".join([repr(found), str(found), effective(found), *warnings(found), repr(found.platforms)])
    for secret in SECRETS.values():
        assert secret not in shown


@pytest.mark.parametrize(
    "database", ["postgresql://l:p@ss/wörd@localhost/l", "postgresql://localhost/l?user=l&password=p@ss/wörd"]
)
def test_a_password_in_the_file_is_warned_about_and_hidden(read, database):
    found = read(f"database: {database}\n{SMALLEST}")
    assert found.database == database
    assert any("password stands in the file" in warning for warning in warnings(found))
    assert "wörd" not in repr(found) + effective(found) + "".join(warnings(found))
    assert "wörd" not in effective(default_config(database))


# --- shown again


@pytest.mark.parametrize("text", [WHOLE, SMALLEST, f"database: postgresql://l:${{DATABASE_PASSWORD}}@h/l\n{SMALLEST}"])
def test_the_effective_configuration_means_the_same_when_loaded(read, text):
    first = read(text)
    second = read(effective(first))
    assert (second.database, second.platforms, second.newsletters) == (
        first.database,
        first.platforms,
        first.newsletters,
    )
    assert effective(second) == effective(first)


def test_the_effective_configuration_has_every_setting(read):
    shown = effective(
        read(WHOLE + "    git: {repository: blog.git}\n    site: {folder: site}\nweb: {token: ${WEB_TOKEN}}\n")
    )
    for _, name in every_setting():
        assert re.search(rf"^[ -]*{name}:", shown, re.MULTILINE), name
    assert 'time: "12:00"' in shown
    assert 'bot_token: "${SLACK_BOT_TOKEN}"' in shown


def test_an_address_that_holds_a_secret_takes_it_from_the_environment_and_is_shown_without_it(read):
    repository = "https://bot:${GIT_TOKEN}@git.example.com/blog.git"
    text = "heartbeat_url: ${BEAT}\n" + weekly(f'git: {{repository: "{repository}"}}')
    found = read(text, {"GIT_TOKEN": "s3cret", "BEAT": "https://watch.example.com/ping/s3cret"})
    assert found.heartbeat_url == "https://watch.example.com/ping/s3cret"
    assert found.newsletters["weekly"].git.repository == "https://bot:s3cret@git.example.com/blog.git"
    assert "s3cret" not in effective(found) + repr(found.path)
    assert repository in effective(found)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        (weekly('git: {repository: "https://bot:s3cret@git.example.com/blog.git"}'), "git.repository", "secret"),
        (f"heartbeat_url: ftp://watch.example.com\n{SMALLEST}", "heartbeat_url", "https://"),
        (f"command: digest\n{SMALLEST}", "command", "slash"),
        (f"command: /Digest now\n{SMALLEST}", "command", "slash"),
        (weekly("review: 8d"), "review", "at most 6d"),
        (weekly("draft: soon"), "draft", "24h"),
    ],
)
def test_a_setting_of_the_weekly_run_that_cannot_be_is_refused_with_its_place(problems, text, where, says):
    (found,) = problems(text)
    assert found.path.endswith(where)
    assert says in found.message
    assert "s3cret" not in str(found)


def test_what_only_the_weekly_run_needs_may_be_missing_for_other_commands(read):
    assert read(f"heartbeat_url: ${{BEAT}}\n{SMALLEST}", {}, need_tokens=False).heartbeat_url == ""


# --- the server and the file of secrets


@pytest.mark.parametrize(
    ("web", "problem"),
    [
        ("{}", None),
        ("{host: localhost, port: 0}", None),
        ("{host: 127.1.2.3}", None),
        ("{host: 0.0.0.0}", "web.token"),
        ("{host: links.example.com}", "web.token"),
        ("{host: 0.0.0.0, token: '${WEB_TOKEN}'}", None),
        ("{host: 0.0.0.0, token: '${NOT_SET}'}", "web.token"),
        ("{token: open-sesame}", "web.token"),
        ("{port: 70000}", "web.port"),
        ("{prot: 1}", "web.prot"),
        ("yes", "web"),
    ],
)
def test_a_server_that_others_can_reach_needs_a_token(problems, read, web, problem):
    text, environ = f"{SMALLEST}\nweb: {web}\n", {"WEB_TOKEN": "open-sesame"}
    if problem is None:
        found = read(text, environ)
        assert "open-sesame" not in effective(found) + repr(found)
        assert read(effective(found), environ).web == found.web
    else:
        found = problems(text, environ)
        assert [one.path for one in found] == [problem]
        assert "open-sesame" not in repr(found)


def test_a_file_env_beside_the_configuration_sets_what_the_environment_does_not(tmp_path):
    (tmp_path / ".env").write_text("# mine\n\nA=1\nB = 'two words'\nC=x=y\nHERE=file\n")
    found = environment(tmp_path / "config.yaml", {"HERE": "environment"})
    assert found == {"A": "1", "B": "two words", "C": "x=y", "HERE": "environment"}
    assert environment(tmp_path / "other" / "config.yaml", {"A": "0"}) == {"A": "0"}
    (tmp_path / ".env").write_text("A=1\nxoxb-1234567890-secret\n")
    with pytest.raises(ConfigError) as error:
        environment(tmp_path / "config.yaml", {})
    assert ("line 2" in str(error.value) or ":2" in str(error.value), "secret" in str(error.value)) == (True, False)


# --- warnings


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        ("collect: ['slack:#news']", "newsletters.weekly.collect: names slack, which is not configured"),
        ("title: News", "newsletters.weekly.title: is the same every week"),
        ("at_least: 1", "newsletters.weekly.markdown: nothing is published"),
        ("post_to: ['slack:#news']", "newsletters.weekly.editors: there is none"),
        ("markdown: {folder: posts}\nprivate: may be published", "newsletters.weekly.private: every private channel"),
    ],
)
def test_what_is_probably_not_meant_is_warned_about(read, lines, warning):
    assert any(found.startswith(warning) for found in warnings(read(weekly(lines))))


def test_a_whole_configuration_gives_no_warning(read):
    assert warnings(read(WHOLE)) == []


# --- the example and the reference


def settings_models(model: type[BaseModel], path: str = ""):
    yield path, model
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            yield from settings_models(inner, name)


def every_setting() -> list[tuple[str, str]]:
    """(heading in the reference, key) of every setting there is."""
    models = [
        *settings_models(Platforms, "platforms"),
        *settings_models(FetchSettings, "fetch"),
        *settings_models(WebSettings, "web"),
        *settings_models(NewsletterSettings, "newsletters"),
    ]
    return [(path, name) for path, model in models for name in model.model_fields if name != "key"]


# Shown with an example, for they have no default.
EXAMPLES = ("sections", "repository")


def test_the_example_can_be_used_as_it_is(read):
    found = load(ROOT / "config.example.yaml", {})
    assert warnings(found) == []
    assert found.newsletters["weekly"].markdown


def test_the_example_shows_every_setting_with_its_default(read):
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    whole = re.sub(r"^( *)#(?=[^ #\n])", r"\1", text, flags=re.MULTILINE)
    found = read(whole)
    for _, name in every_setting():
        assert re.search(rf"^ *(?:- )?{name}:", whole, re.MULTILINE), f"{name} is not in config.example.yaml"
    weekly = found.newsletters["weekly"]
    newsletters, _, _ = text.partition("#platforms:")
    holders = {4: weekly}
    for indent, name in re.findall(r"^( {4}| {6})#?(\w+):", newsletters, re.MULTILINE):
        holder = holders[len(indent)]
        shown = getattr(holder, name)
        if isinstance(shown, BaseModel):
            holders[6] = shown
        elif f"\n{indent}#{name}:" in newsletters and name not in EXAMPLES:
            assert shown == type(holder).model_fields[name].default, f"{name} is not shown with its default"
    assert found.database == default_config().database
    assert found.platforms.slack.api_url == SlackSettings().api_url
    assert found.platforms.discord.api_url == DiscordSettings().api_url


def test_the_reference_has_every_setting_with_its_default():
    text = (ROOT / "docs" / "configure.md").read_text("utf-8")
    chapters = {part.split("\n", 1)[0].strip(): part for part in re.split(r"^#+ ", text, flags=re.MULTILINE)}
    defaults = {(path, name): model.model_fields[name].default for path, model in
                [*settings_models(Platforms, "platforms"), *settings_models(FetchSettings, "fetch"),
                 *settings_models(WebSettings, "web"), *settings_models(NewsletterSettings, "newsletters")]
                for name in model.model_fields}  # fmt: skip
    for chapter, name in every_setting():
        if chapter == "platforms":
            assert f"### {name}\n" in text
            continue
        row = re.search(rf"^\| `{name}` \| (.*?) ?\| ", chapters[chapter], re.MULTILINE)
        assert row, f"{chapter}.{name} is not in docs/configure.md"
        assert row[1] == written_default(defaults[chapter, name]), f"{chapter}.{name}"


def written_default(value: object) -> str:
    match value:
        case None:
            return "`null`"
        case bool():
            return f"`{str(value).lower()}`"
        case time():
            return f"`{value:%H:%M}`"
        case timedelta():
            return f"`{value // timedelta(hours=1)}h`"
        case tuple():
            items = ", ".join(f'"{item}"' for item in value)
            return f"`[{items}]`"
        case int() | str() if value != "" and str(value) != "PydanticUndefined":
            return f"`{value}`"
    return ""
