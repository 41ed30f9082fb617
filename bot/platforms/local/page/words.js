// What the page itself says, in the room's language. What Linkletter says in chat is Linkletter's.

const WORDS = {
  en: {
    skip: "To the message field", clock: "In the room it is", you: "You are", newPerson: "New person", channels: "Channels",
    newChannel: "New channel", older: "Older messages", answers: "Answers that only you see", noReply: "Not as a reply",
    commands: "Commands", write: "Write a message, or a command", send: "Send", newsletter: "Newsletter",
    jump: "Jump to the cut-off", edition: "Edition", archive: "Archive site", post: "Post", markdown: "Markdown",
    chat: "Chat message", views: "Views", room: "Room", cancel: "Cancel", save: "Save", picker: "Choose an emoji",
    react: "React", more: "More", reply: "Reply", edit: "Edit", delete: "Delete", edited: "edited", bot: "bot",
    onlyYou: "Only you see this", dismiss: "Dismiss", replies: "Replies", replyingTo: "Reply to", alone: "with Linkletter",
    closes: "The next one closes", links: "links so far:", coming: "coming", nothing: "Nothing is in it yet: share a link in the room.",
    file: "File", lost: "The connection is lost; it is tried again by itself.", back: "Connected again.", name: "Name",
    jumping: "Time passes…", jumped: "The week has ended: it is now", private: "private", suggestions: "suggestions",
    example: "Say something with a link, or ask", chosen: "chosen by",
  },
  ko: {
    skip: "메시지 입력란으로", clock: "방 안의 시각", you: "나는", newPerson: "사람 추가", channels: "채널",
    newChannel: "채널 추가", older: "이전 메시지", answers: "나에게만 보이는 답", noReply: "답글 취소",
    commands: "명령", write: "메시지나 명령을 쓰세요", send: "보내기", newsletter: "뉴스레터",
    jump: "마감으로 건너뛰기", edition: "호", archive: "모아보기 사이트", post: "글", markdown: "마크다운",
    chat: "채팅 메시지", views: "보기", room: "대화방", cancel: "취소", save: "저장", picker: "이모지 고르기",
    react: "반응하기", more: "더 보기", reply: "답글", edit: "고치기", delete: "지우기", edited: "고침", bot: "봇",
    onlyYou: "나에게만 보입니다", dismiss: "닫기", replies: "답글", replyingTo: "답글:", alone: "Linkletter와의 대화",
    closes: "다음 호 마감", links: "지금까지 링크:", coming: "준비 중", nothing: "아직 비어 있습니다. 대화방에 링크를 나눠 보세요.",
    file: "파일", lost: "연결이 끊겼습니다. 저절로 다시 시도합니다.", back: "다시 연결됐습니다.", name: "이름",
    jumping: "시간이 흐릅니다…", jumped: "한 주가 끝났습니다. 지금은", private: "비공개", suggestions: "개 제안",
    example: "링크와 함께 한마디, 또는 물어보기", chosen: "누른 사람",
  },
};

export const language = document.documentElement.lang in WORDS ? document.documentElement.lang : "en";
export const say = WORDS[language];

/** The language of who looks at the page: Linkletter answers in it, where it can. */
export const locale = new URLSearchParams(location.search).get("lang") || navigator.language;

/** Puts the words where the page's elements ask for them. */
export function speak() {
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say[one.dataset.say];
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say[one.dataset.label]);
}
