"""What is known about particular addresses: trackers, aliases of hosts and pages, redirectors, top-level domains.

Tables only; `urls.py` (clean, key) and `url_text.py` (find) say how they are read. A row is added when both spellings
are known to show one page: two different pages are never joined, so what is only likely has no row here.
"""

from typing import NamedTuple


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _row(names: str) -> list[str]:
    return names.split()


# --- Trackers: parameters that say where a click came from and never what is shown ---------------------------------

TRACKER_PREFIXES = (
    "utm_",
    "utm-",
    "hsa_",
    "piwik_",
    "mtm_",
    "matomo_",
    "bsft_",
    "itm_",
    "fb_action_",
    "at_custom",
)

# Compared in lower case. Only names nobody gives to something else; a short or common name belongs in SITE_TRACKERS.
TRACKERS = _words(
    """
    fbclid gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid msclkid yclid ysclid twclid ttclid
    rdt_cid li_fat_id epik igshid igsh mibextid sfnsn mc_cid mc_eid mc_tc mkt_tok _hsenc _hsmi __hstc __hssc
    __hsfp hsctatracking vero_id vero_conv oly_enc_id oly_anon_id rb_clickid wickedid wickedsource _openstat _ga
    _gl _gac ga_source ga_medium ga_term ga_content ga_campaign ga_place ck_subscriber_id guccounter
    guce_referrer guce_referrer_sig __twitter_impression ref_src ref_url _branch_match_id _branch_referrer
    at_medium at_campaign ml_subscriber ml_subscriber_hash trk_contact trk_msg trk_module trk_sid ns_mchannel
    ns_source ns_campaign ns_linkname ns_fee cmpid wt_mc wt.mc_id xtor cx_recs_click fb_source fb_ref
    action_object_map action_type_map action_ref_map dm_i elqtrackid elqtrack elqaid elqat elqcampaignid
    hmb_campaign hmb_medium hmb_source usqp irclickid irgwc napm n_media n_query n_rank n_ad_group n_ad
    n_keyword_id n_keyword n_campaign_type n_match n_cid __cft__[0] __tn__ spm_id_from sc_campaign sc_channel
    sc_content sc_medium sc_outcome sc_geo sc_country _bta_tid _bta_c trkemail mkwid pcrid fbadid ef_id s_kwcid
    otm_source otm_medium otm_campaign pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content pk_cid
    """
)

_COUNTRIES = _row(
    """
    com co.kr co.jp co.uk de fr es it ca com.au com.br in nl pl se com.mx com.tr ae sg cn be eg sa
    """
)
_GOOGLE_COUNTRIES = [
    *_COUNTRIES,
    "com.hk",
    "com.tw",
    "com.sg",
    "ru",
    "ch",
    "at",
    "co.in",
    "co.id",
    "com.vn",
    "co.th",
    "pt",
]
GOOGLES = tuple(f"google.{country}" for country in _GOOGLE_COUNTRIES)
AMAZONS = tuple(f"amazon.{country}" for country in _COUNTRIES)


_YOUTUBE = _words(
    "si feature app pp ab_channel persist_app embeds_referring_euri embeds_referring_origin source_ve_path"
)
_TWITTER = _words("s t ref twcamp twterm twgr cxt vertical related tw_i tw_p original_referer")
_AMAZON = _words(
    """
    ref ref_ pd_rd_w pd_rd_wg pd_rd_r pd_rd_i pd_rd_p pf_rd_p pf_rd_r pf_rd_s pf_rd_t pf_rd_i pf_rd_m qid sr
    crid sprefix dib dib_tag content-id tag linkcode linkid ascsubtag creative creativeasin camp smid _encoding
    spla sp_csd dchild cv_ct_cx almbrandid ingress visitid social_share psr tracking
    """
)
_GOOGLE = _words(
    """sxsrf ei ved gs_l gs_lcp gs_lcrp gs_ssp sca_esv sca_upv oq aqs sourceid client uact sclient bih biw dpr rlz usg
    sei source iflsig fbs vet pccc"""
)
_MEDIUM = _words("source")
_FACEBOOK = _words(
    """ref refid refsrc hc_ref fref rdid share_url _rdr _rdc paipv eav wtsid hc_location pnref notif_id notif_t
    extid acontext sfnsn set_ref __xts__[0] comment_tracking"""
)
_LINKEDIN = _words(
    """trk trkinfo trackingid originalsubdomain rcm lipi licu midtoken midsig eid refid otptoken lici src
    originalreferer lgcta lgtemp rt"""
)

# By domain; the rows of every parent domain hold below it (`m.youtube.com` has those of `youtube.com`).
SITE_TRACKERS: dict[str, frozenset[str]] = {
    "youtube.com": _YOUTUBE,
    "youtube-nocookie.com": _YOUTUBE,
    "youtu.be": _YOUTUBE,
    "twitter.com": _TWITTER,
    "x.com": _TWITTER,
    "fxtwitter.com": _TWITTER,
    "vxtwitter.com": _TWITTER,
    "t.co": _words("amp"),
    **dict.fromkeys(AMAZONS, _AMAZON),
    **dict.fromkeys(GOOGLES, _GOOGLE),
    "docs.google.com": _words("usp ouid rtpof sd"),
    "drive.google.com": _words("usp ouid rtpof sd"),
    "colab.research.google.com": _words("usp"),
    "sites.google.com": _words("pli"),
    "news.google.com": _words("oc"),
    "play.google.com": _words("referrer pcampaignid"),
    "medium.com": _MEDIUM,
    "towardsdatascience.com": _MEDIUM,
    "betterprogramming.pub": _MEDIUM,
    "levelup.gitconnected.com": _MEDIUM,
    "uxdesign.cc": _MEDIUM,
    "netflixtechblog.com": _MEDIUM,
    "pub.towardsai.net": _MEDIUM,
    "blog.jupyter.org": _MEDIUM,
    "facebook.com": _FACEBOOK,
    "fb.com": _FACEBOOK,
    "fb.watch": _FACEBOOK,
    "instagram.com": _words("utm_source ig_rid ig_web_copy_link hl ig_mid"),
    "threads.net": _words("xmt slof"),
    "threads.com": _words("xmt slof"),
    "linkedin.com": _LINKEDIN,
    "reddit.com": _words("share_id ref ref_source rdt correlation_id ref_campaign st sh post_fullname"),
    "redd.it": _words("share_id ref ref_source rdt"),
    "spotify.com": _words("si nd dlsi _branch_match_id pt_success"),
    "spotify.link": _words("si"),
    "soundcloud.com": _words("si ref p c"),
    "tiktok.com": _words(
        "_r _t is_from_webapp sender_device is_copy_url sender_web_id share_app_id share_link_id u_code"
    ),
    "wikipedia.org": _words("wprov wteswitched searchtoken"),
    "wiktionary.org": _words("wprov"),
    "wikimedia.org": _words("wprov"),
    "notion.so": _words("pvs source"),
    "notion.site": _words("pvs source"),
    "notion.com": _words("pvs source"),
    "substack.com": _words(
        "r isfreemail triedredirect showwelcomeonshare publication_id post_id token_source shareimagevariant"
    ),
    "nytimes.com": _words(
        "smid smtyp partner emc rref referringsource campaign_id instance_id segment_id regi_id nl user_id te"
    ),
    "theguardian.com": _words("cmp"),
    "bbc.com": _words("ocid at_bbc_team"),
    "bbc.co.uk": _words("ocid at_bbc_team"),
    "wired.com": _words("mbid"),
    "newyorker.com": _words("mbid"),
    "bloomberg.com": _words("srnd sref leadsource"),
    "forbes.com": _words("sh"),
    "imdb.com": _words("ref_"),
    "producthunt.com": _words("ref"),
    "indiehackers.com": _words("ref"),
    "stackoverflow.com": _words("noredirect lq rq"),
    "stackexchange.com": _words("noredirect lq rq"),
    "superuser.com": _words("noredirect lq rq"),
    "serverfault.com": _words("noredirect lq rq"),
    "askubuntu.com": _words("noredirect lq rq"),
    "ebay.com": _words("_trkparms _trksid mkevt mkcid mkrid campid toolid"),
    "etsy.com": _words("click_key click_sum ref organic_search_click"),
    "walmart.com": _words("athcpid athpgid athznid athieid athstid athguid athena from"),
    "bilibili.com": _words(
        "vd_source share_source share_medium share_plat share_session_id share_tag unique_k from_source"
    ),
    "mp.weixin.qq.com": _words(
        "chksm scene sessionid clicktime enterid ascene devicetype version nettype exportkey pass_ticket"
    ),
    "zhihu.com": _words("utm_psn utm_id share_code"),
    "naver.com": _words("fromrss trackingcode proxyreferer"),
    "brunch.co.kr": _words("fromrss"),
    "apps.apple.com": _words("itsct itscg pt ct mt uo at app_id"),
    "figma.com": _words("fuid"),
    "coursera.org": _words("ranmid raneaid ransiteid siteid"),
    "udemy.com": _words("ranmid raneaid ransiteid lsnpubid couponreferrer"),
    "huffpost.com": _words("ncid"),
    "techcrunch.com": _words("ncid tpcc"),
    "washingtonpost.com": _words("itid wpisrc"),
    "wsj.com": _words("st reflink mod"),
    "cnn.com": _words("iid"),
}

# A parameter of these names means that the rest of the query is signed: `clean` then deletes nothing at all.
SIGNATURES = _words(
    """
    x-amz-signature x-amz-credential x-goog-signature x-goog-credential x-oss-signature x-ms-signature signature
    sig sign token access_token auth_token authtoken auth_key hmac hm key-pair-id jwt x-cos-signature
    q-signature hdnea hdnts s3signature
    """
)

# Signatures the identity ignores, being another permission to see the same object: all of `drop` when all of `given`
# are there. Names in lower case. A lone `token` or `sig` may itself name the page, so it stays.
SIGNED_BY: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (
        _words("x-amz-signature"),
        _words(
            """x-amz-signature x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-algorithm
            x-amz-security-token x-amz-content-sha256 x-id"""
        ),
    ),
    (
        _words("x-goog-signature"),
        _words("x-goog-signature x-goog-credential x-goog-date x-goog-expires x-goog-signedheaders x-goog-algorithm"),
    ),
    (_words("signature expires awsaccesskeyid"), _words("signature expires awsaccesskeyid x-amz-security-token")),
    (_words("signature expires googleaccessid"), _words("signature expires googleaccessid")),
    (_words("signature expires key-pair-id"), _words("signature expires key-pair-id")),
    (_words("signature policy key-pair-id"), _words("signature policy key-pair-id")),
    (
        _words("sig sv se"),
        _words("sig sv se sr sp st spr sip ss srt skoid sktid skt ske sks skv"),
    ),
    (_words("ex is hm"), _words("ex is hm")),
)

# --- Hosts -----------------------------------------------------------------------------------------------------------

# `m.example.com` shows what `example.com` shows, by long custom; not where every subdomain is somebody else's.
TENANTED = _words(
    """
    tistory.com github.io gitlab.io blogspot.com wordpress.com substack.com medium.com vercel.app netlify.app
    tumblr.com herokuapp.com pages.dev workers.dev web.app firebaseapp.com notion.site hashnode.dev ghost.io
    wixsite.com fly.dev onrender.com surge.sh hatenablog.com livedoor.blog fc2.com egloos.com bandcamp.com
    itch.io amazonaws.com azurewebsites.net cloudfront.net readthedocs.io signalvnoise.com media-amazon.com
    """
)
# Under these a name has two labels more, so that `m.co.kr` is a site of its own.
COMPOUND_SUFFIXES = _words(
    """
    co.kr or.kr go.kr ac.kr ne.kr re.kr pe.kr co.jp or.jp ne.jp ac.jp go.jp co.uk org.uk ac.uk gov.uk com.cn
    net.cn org.cn com.tw org.tw com.hk com.au net.au org.au com.br com.mx com.tr com.sg co.in co.nz co.za co.id
    co.th com.vn com.my
    """
)

_MOBILES = _row(
    """
    twitter.com nytimes.com reuters.com bloomberg.com theverge.com zdnet.com slate.com wsj.com
    washingtonpost.com economist.com abc.net.au
    """
)
_FACEBOOK_LOCALES = _row(
    """
    ko-kr ja-jp en-gb en-us de-de fr-fr es-es es-la pt-br zh-cn zh-tw vi-vn it-it ru-ru id-id th-th
    """
)
_LINKEDIN_COUNTRIES = _row(
    """
    kr jp uk us de fr in ca au br it es nl sg hk tw cn ch se be ie il id vn th pl mx
    """
)
_TWITTER_MIRRORS = _row("twitter.com fxtwitter.com vxtwitter.com fixupx.com fixvx.com twittpr.com")

# Whole hosts that answer with another one's pages, path for path. Read after `www.` and `m.` are gone.
HOST_ALIASES: dict[str, str] = {
    **{f"mobile.{host}": host for host in _MOBILES},
    **{f"{locale}.facebook.com": "facebook.com" for locale in _FACEBOOK_LOCALES},
    **{f"{country}.linkedin.com": "linkedin.com" for country in _LINKEDIN_COUNTRIES},
    **{f"smile.{amazon}": amazon for amazon in AMAZONS},
    **dict.fromkeys(_TWITTER_MIRRORS, "x.com"),
    "mobile.twitter.com": "x.com",
    "mobile.x.com": "x.com",
    "youtube-nocookie.com": "youtube.com",
    "fb.com": "facebook.com",
    "mbasic.facebook.com": "facebook.com",
    "touch.facebook.com": "facebook.com",
    "web.facebook.com": "facebook.com",
    "free.facebook.com": "facebook.com",
    "threads.net": "threads.com",
    "old.reddit.com": "reddit.com",
    "new.reddit.com": "reddit.com",
    "np.reddit.com": "reddit.com",
    "sh.reddit.com": "reddit.com",
    "export.arxiv.org": "arxiv.org",
    "dx.doi.org": "doi.org",
    "hf.co": "huggingface.co",
    "npmjs.org": "npmjs.com",
    "pypi.python.org": "pypi.org",
    "note.mu": "note.com",
    "sp.nicovideo.jp": "nicovideo.jp",
    "news.v.daum.net": "v.daum.net",
    "v.media.daum.net": "v.daum.net",
}
# `en.m.wikipedia.org` is `en.wikipedia.org`.
WIKIS = _words(
    """
    wikipedia.org wiktionary.org wikiquote.org wikibooks.org wikisource.org wikiversity.org wikivoyage.org
    wikinews.org wikimedia.org
    """
)

# --- Redirectors: the parameter that holds the real address ---------------------------------------------------------

# (host, path) -> parameters, the first that holds an http(s) address counts. Hosts as after www/m/aliases.
REDIRECTORS: dict[tuple[str, str], tuple[str, ...]] = {
    **{(google, "/url"): ("q", "url") for google in GOOGLES},
    ("l.facebook.com", "/l.php"): ("u",),
    ("lm.facebook.com", "/l.php"): ("u",),
    ("facebook.com", "/l.php"): ("u",),
    ("facebook.com", "/flx/warn"): ("u",),
    ("l.messenger.com", "/l.php"): ("u",),
    ("l.instagram.com", ""): ("u",),
    ("l.threads.net", ""): ("u",),
    ("l.threads.com", ""): ("u",),
    ("out.reddit.com", ""): ("url",),
    ("slack-redir.net", "/link"): ("url",),
    ("youtube.com", "/redirect"): ("q",),
    ("consent.youtube.com", ""): ("continue",),
    ("consent.youtube.com", "/m"): ("continue",),
    ("consent.google.com", "/m"): ("continue",),
    ("t.umblr.com", "/redirect"): ("z",),
    ("linkedin.com", "/redir/redirect"): ("url",),
    ("linkedin.com", "/redir/general-malware-page"): ("url",),
    ("linkedin.com", "/safety/go"): ("url",),
    ("medium.com", "/r"): ("url",),
    ("medium.com", "/m/global-identity"): ("redirectUrl",),
    ("medium.com", "/m/global-identity-2"): ("redirectUrl",),
    ("steamcommunity.com", "/linkfilter"): ("url", "u"),
    ("vk.com", "/away.php"): ("to",),
    ("away.vk.com", "/away.php"): ("to",),
    ("duckduckgo.com", "/l"): ("uddg",),
    ("link.zhihu.com", ""): ("target",),
    ("link.juejin.cn", ""): ("target",),
    ("link.csdn.net", ""): ("target",),
    ("link.segmentfault.com", ""): ("url",),
    ("getpocket.com", "/redirect"): ("url",),
    ("exit.sc", ""): ("url",),
    ("gate.sc", ""): ("url",),
    ("googleweblight.com", "/i"): ("u",),
    ("safelinks.protection.outlook.com", ""): ("url",),
}
REDIRECTOR_HOSTS = frozenset(host for host, _ in REDIRECTORS)
SAFELINKS = ".safelinks.protection.outlook.com"

# --- Pages with several addresses ------------------------------------------------------------------------------------


class Alias(NamedTuple):
    """A path that, with fields from its groups and from the query, is the page `page`.

    The whole path must match; a field the path does not give is taken from the query, and the row is left when it is
    not there. The rest of the query is dropped but for `keep`. `page` must match a row of its own host again.
    """

    path: str
    page: str
    keep: tuple[str, ...] = ()


_ASIN = Alias(
    r"(?:/[^/]+){0,3}?/(?:dp|gp/product|gp/aw/d|exec/obidos/ASIN|o/ASIN)/(?P<asin>[A-Z0-9]{10})(?:/ref=.*)?",
    "{host}/dp/{asin}",
)
_QUESTION = Alias(r"/(?:questions|q)/(?P<id>\d+)(?:/[^/]*(?:/\d+)?)?", "{host}/questions/{id}", ("page",))
_NOTION = (
    Alias(r"(?:/[^/]+)*?/(?:[^/]*-)?(?P<id>[0-9a-f]{32})", "notion.so/{id}", ("v", "p")),
    Alias(
        r"(?:/[^/]+)*?/(?P<a>[0-9a-f]{8})-(?P<b>[0-9a-f]{4})-(?P<c>[0-9a-f]{4})-(?P<d>[0-9a-f]{4})-(?P<e>[0-9a-f]{12})",
        "notion.so/{a}{b}{c}{d}{e}",
        ("v", "p"),
    ),
)
_NAVER_NEWS = (
    Alias(r"/main/read\.(?:naver|nhn)", "n.news.naver.com/article/{oid}/{aid}"),
    Alias(r"/read\.(?:naver|nhn)", "n.news.naver.com/article/{oid}/{aid}"),
    Alias(r"/(?:mnews/)?article/(?P<oid>\d+)/(?P<aid>\d+)", "n.news.naver.com/article/{oid}/{aid}"),
)

# By exact host, as after www/m/aliases.
PAGES: dict[str, tuple[Alias, ...]] = {
    "youtube.com": (
        Alias(r"/watch", "youtube.com/watch?v={v}"),
        Alias(r"/embed/videoseries", "youtube.com/playlist?list={list}"),
        Alias(r"/(?:shorts|live|embed|v|e)/(?!live_stream)(?P<v>[\w-]+)", "youtube.com/watch?v={v}"),
        Alias(r"/playlist", "youtube.com/playlist?list={list}"),
    ),
    "youtu.be": (Alias(r"/(?P<v>[\w-]+)", "youtube.com/watch?v={v}"),),
    "arxiv.org": (
        Alias(r"/(?:abs|pdf|html|format|ps)/(?P<id>\d{4}\.\d{4,5})(?:v\d+)?(?:\.pdf)?", "arxiv.org/abs/{id}"),
        Alias(
            r"/(?:abs|pdf|html|format|ps)/(?P<id>[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?", "arxiv.org/abs/{id}"
        ),
    ),
    "doi.org": (Alias(r"/10\.48550/arxiv\.(?P<id>\d{4}\.\d{4,5})", "arxiv.org/abs/{id}"),),
    "x.com": (
        Alias(r"/(?:i/web|[^/]+)/status(?:es)?/(?P<id>\d+)(?:/(?:photo|video)/\d+)?", "x.com/i/status/{id}"),
        Alias(r"/statuses/(?P<id>\d+)", "x.com/i/status/{id}"),
    ),
    "reddit.com": (
        Alias(
            r"/(?:(?:r|u|user)/[^/]+/)?(?:comments|gallery|tb)/(?P<id>[a-z0-9]+)(?:/[^/]*)?", "reddit.com/comments/{id}"
        ),
        Alias(
            r"/(?:(?:r|u|user)/[^/]+/)?comments/(?P<id>[a-z0-9]+)/[^/]*/(?P<comment>[a-z0-9]+)",
            "reddit.com/comments/{id}/_/{comment}",
        ),
    ),
    "redd.it": (Alias(r"/(?P<id>[a-z0-9]+)", "reddit.com/comments/{id}"),),
    "facebook.com": (
        Alias(r"/groups/(?P<group>[^/]+)/(?:permalink|posts)/(?P<id>\d+)", "facebook.com/groups/{group}/posts/{id}"),
        Alias(r"/watch(?:/live)?", "facebook.com/watch?v={v}"),
        Alias(r"/video\.php", "facebook.com/watch?v={v}"),
        Alias(r"/(?:story|permalink)\.php", "facebook.com/permalink.php?id={id}&story_fbid={story_fbid}"),
        Alias(r"/photo(?:\.php)?", "facebook.com/photo?fbid={fbid}"),
    ),
    "instagram.com": (Alias(r"/(?:[\w.]+/)?(?:p|reels?|tv)/(?P<id>[\w-]+)", "instagram.com/p/{id}"),),
    "linkedin.com": (
        Alias(r"/posts/[^/]*-activity-(?P<id>\d{15,})(?:-[\w-]*)?", "linkedin.com/feed/update/urn:li:activity:{id}"),
        Alias(r"/feed/update/urn:li:activity:(?P<id>\d{15,})", "linkedin.com/feed/update/urn:li:activity:{id}"),
    ),
    "medium.com": (
        Alias(r"/p/(?P<id>[0-9a-f]{10,12})", "medium.com/p/{id}"),
        Alias(r"/(?!tag/|topic/|search/|feed/|m/|me/|u/)[^/]+/[^/]+-(?P<id>[0-9a-f]{10,12})", "medium.com/p/{id}"),
    ),
    "notion.so": _NOTION,
    "app.notion.com": _NOTION,
    "docs.google.com": (
        Alias(
            r"(?:/a/[^/]+)?/(?P<kind>document|spreadsheets|presentation)(?:/u/\d+)?/d/(?P<id>[\w-]{6,})"
            r"(?:/(?:edit|view|preview|mobilebasic|htmlview|present))?",
            "docs.google.com/{kind}/d/{id}",
            ("gid", "tab"),
        ),
    ),
    "drive.google.com": (
        Alias(
            r"(?:/a/[^/]+)?/file(?:/u/\d+)?/d/(?P<id>[\w-]+)(?:/(?:view|edit|preview))?",
            "drive.google.com/open?id={id}",
        ),
        Alias(r"/(?:open|uc)", "drive.google.com/open?id={id}"),
        Alias(r"/drive(?:/u/\d+)?/folders/(?P<id>[\w-]+)", "drive.google.com/open?id={id}"),
    ),
    "stackoverflow.com": (_QUESTION,),
    "ko.stackoverflow.com": (_QUESTION,),
    "ja.stackoverflow.com": (_QUESTION,),
    "superuser.com": (_QUESTION,),
    "serverfault.com": (_QUESTION,),
    "askubuntu.com": (_QUESTION,),
    "mathoverflow.net": (_QUESTION,),
    "news.ycombinator.com": (Alias(r"/item", "news.ycombinator.com/item?id={id}", ("p",)),),
    "npm.im": (Alias(r"/(?P<name>(?:@[\w.~-]+/)?[\w.~-]+)", "npmjs.com/package/{name}"),),
    "gist.github.com": (Alias(r"(?:/[\w-]+)?/(?P<id>[0-9a-f]{32}|[0-9a-f]{20})", "gist.github.com/{id}"),),
    "blog.naver.com": (
        Alias(r"/PostView\.(?:naver|nhn)", "blog.naver.com/{blogId}/{logNo}"),
        Alias(r"/(?P<blogId>[\w-]+)/(?P<logNo>\d+)", "blog.naver.com/{blogId}/{logNo}"),
        Alias(r"/(?P<blogId>[\w-]+)", "blog.naver.com/{blogId}/{logNo}"),
    ),
    "news.naver.com": _NAVER_NEWS,
    "n.news.naver.com": _NAVER_NEWS,
    "v.daum.net": (Alias(r"/v/(?P<id>\d+)", "v.daum.net/v/{id}"),),
    "nico.ms": (Alias(r"/(?P<id>[a-z]{2}\d+)", "nicovideo.jp/watch/{id}"),),
    "nicovideo.jp": (Alias(r"/watch/(?P<id>[a-z]{2}\d+)", "nicovideo.jp/watch/{id}"),),
    "player.vimeo.com": (Alias(r"/video/(?P<id>\d+)", "vimeo.com/{id}"),),
    "vimeo.com": (Alias(r"/(?P<id>\d+)", "vimeo.com/{id}"),),
    "open.spotify.com": (
        Alias(
            r"(?:/intl-[\w-]+)?(?:/embed)?/(?P<kind>track|album|artist|playlist|episode|show)/(?P<id>\w+)",
            "open.spotify.com/{kind}/{id}",
        ),
    ),
    "store.steampowered.com": (Alias(r"/app/(?P<id>\d+)(?:/[^/]*)?", "store.steampowered.com/app/{id}"),),
    "apps.apple.com": (Alias(r"/(?P<land>[a-z]{2})/app(?:/[^/]+)?/id(?P<id>\d+)", "apps.apple.com/{land}/app/id{id}"),),
    "open.substack.com": (Alias(r"/pub/(?P<name>[\w-]+)/p/(?P<post>[\w-]+)", "{name}.substack.com/p/{post}"),),
    **dict.fromkeys(AMAZONS, (_ASIN,)),
}
# By parent of the host: `a.b.example` is looked up as `b.example`.
TENANT_PAGES: dict[str, tuple[Alias, ...]] = {
    "medium.com": (Alias(r"/(?:[^/]+-)(?P<id>[0-9a-f]{10,12})", "medium.com/p/{id}"),),
    "notion.site": _NOTION,
    "stackexchange.com": (_QUESTION,),
}

# Parameters the identity ignores though `clean` keeps them: a place within the page, or a permission to see it.
KEY_IGNORES: dict[str, frozenset[str]] = {
    "medium.com": _words("sk gi"),
    "towardsdatascience.com": _words("sk gi"),
    "betterprogramming.pub": _words("sk gi"),
    "levelup.gitconnected.com": _words("sk gi"),
    "uxdesign.cc": _words("sk gi"),
    "netflixtechblog.com": _words("sk gi"),
    "pub.towardsai.net": _words("sk gi"),
    "blog.jupyter.org": _words("sk gi"),
    "tistory.com": _words("category"),
    "youtube.com": _words("t start time_continue"),
    "vimeo.com": _words("share"),
    "drive.google.com": _words("resourcekey"),
    "docs.google.com": _words("resourcekey"),
}
# Whole parameters that say what is so without them.
DEFAULTS: dict[str, frozenset[str]] = {
    "github.com": _words("tab=readme-ov-file tab=overview"),
    "npmjs.com": _words("activeTab=readme"),
    "docs.google.com": _words("gid=0 tab=t.0"),
}

# --- Fragments -------------------------------------------------------------------------------------------------------

# Here every fragment is a state of the page and none its identity.
FRAGMENT_IGNORED = _words("youtube.com youtu.be docs.google.com drive.google.com colab.research.google.com")
# Here even a plain word is the identity, though it looks like the name of a section.
FRAGMENT_IS_PAGE = _words(
    """
    mega.nz excalidraw.com godbolt.org mermaid.live matrix.to webwormhole.io wormhole.app tldraw.com desmos.com
    bl.ocks.org plnkr.co mail.google.com groups.google.com sqlime.org play.rust-lang.org privatebin.net
    """
)

# --- Addresses without a scheme --------------------------------------------------------------------------------------

# Enough for a bare domain to be an address. No TLD that is also a file's ending (py, md, rs, sh, pl, cc, so, zip, mov).
PLAIN_TLDS = _words(
    """
    com org net edu gov io dev ai co kr jp cn tw hk de fr uk eu ru br au ca nl ch se no fi dk pl es nz tv gg xyz
    info biz art blog wiki cloud tech online site so
    """
) - _words("no so")
# Words or names in code as well (`tell.me`, `self.app`): only with a path behind.
PATH_TLDS = _words(
    """
    me app page so to it is in be us at im ly gl gd news link space world studio team run
    """
)
# The short hosts people type from memory, whose TLD is too risky above; also only with a path.
SHORT_HOSTS = _words(
    """
    docs.rs lib.rs bun.sh sr.ht is.gd v.gd ift.tt sum.link spoti.fi nyti.ms kko.to redd.it
    """
)
# Names of techniques that happen to be domains.
NOT_DOMAINS = _words("asp.net vb.net ado.net ml.net java.net java.io system.io system.net")
# What `com` must be told from in `https://a.com입니다`.
HOST_ENDS = PLAIN_TLDS | PATH_TLDS | _words("me sh rs no so kr app dev in la st fm cc ws vn th id my sg it at be us")
