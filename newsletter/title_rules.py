"""The words by which a line of chat is told from a heading, as tables: one part for each language.

Data only, read by ``titles.py``. Another language is another part here and one line there.
"""

import re


def words(row: str) -> frozenset[str]:
    """The words of a table, which are written with blanks between them."""
    return frozenset(row.split())


# --- every language -------------------------------------------------------------------------------------------------

# Labels that point instead of naming, word by word: "github link" and "원문 링크" name nothing either.
POINTING = words(
    """
    here link links url this that article post blog page site website web source src ref reference more read see
    click open view visit go original paper pdf repo repository github gitlab code docs doc documentation slides
    video youtube tweet thread issue pr details info the a an to full story it me homepage download demo via
    여기 여기서 여기로 여기에서 링크 링크들 자료 참고 참고링크 참고자료 자료링크 원문 원글 원본 출처 기사 사이트
    홈페이지 게시물 게시글 바로가기 보러가기 글 논문 영상 동영상 블로그 깃허브 깃헙 코드 문서 강의 강의링크
    강의자료 주소 클릭 이것 이거 이글 더보기 더 보기 관련 ここ こちら これ この リンク 記事 ページ サイト ソース
    元記事 元 原文 参照 参考 資料 論文 動画 スライド コード ブログ はこちら から 詳細 詳しくは 続き 続きを読む
    这里 此处 链接 連結 這裡 原文链接 来源
    """
)

# The end of a sentence, a question, a greeting, an announcement; a comma or a dash is the end of an unfinished one.
ENDS_OPEN = re.compile(
    r"(?:[.。．｡!?！？‼⁉؟…‥:：;；,，、､~〜～♪^-]|[–—→⇒>=]|(?<=[\u3040-\u9fff])[wｗ]|ww|草|ㅋ|ㅎ|ㅠ|ㅜ)$"
)
# Two sentences on one line, or the comma of prose; the stop of "vs.", "No. 1" and "J. Smith" ends none.
PROSE_INSIDE = re.compile(
    r"[。｡！？](?=.)|(?<!\b[A-Z]\.)(?<!\b(?:No|no|vs|Dr|Mr|Ms|St|vi|ed|pt|ch|al|ft)\.)(?<!\b(?:Vol|vol|Mrs|etc|Jr|cf|feat)\.)"
    r"(?<=[.!?…]) +\S|、|，|､|ㅋㅋ|ㅎㅎ|ㅠ|ㅜ|\.\.".replace(r"(?:Vol|vol|Mrs|etc|Jr|cf|feat)", r"(?:Vol|vol|Mrs|etc)")
)
