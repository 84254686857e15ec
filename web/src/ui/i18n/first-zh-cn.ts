import type { FirstWords } from "./first-en.ts";

/** 简体中文。 */
export const firstZhCn: FirstWords = {
  app: {
    title: "聊天",
    loading: "加载中…",
    failed: "出错了，请重试。",
    reload: "重新加载",
    close: "关闭",
    you: "我",
    seller: "卖家",
    notLoaded: "这部分没有加载成功。",
  },
  presence: {
    online: "在线",
    offline: "离线",
    typing: "正在输入…",
    replies: (minutes) =>
      minutes < 60 ? `通常 ${minutes} 分钟内回复` : `通常 ${minutes > 60 ? "1 天" : "1 小时"}内回复`,
  },
  typing: { someone: (name) => (name === "" ? "正在输入…" : `${name} 正在输入…`) },
  connection: {
    connecting: "连接中…",
    offline: (time) => `未连接，消息截至 ${time}`,
    retryNow: "立即重试",
    retryIn: (seconds) => `或 ${seconds} 秒后`,
    back: "已恢复连接",
  },
  tick: {
    queued: "等待发送",
    uploading: "上传中",
    sending: "发送中",
    stored: "已发送",
    delivered: "已送达",
    read: "已读",
    failed: "发送失败",
  },
  message: {
    name: (sender, time, state) => (state === "" ? `${sender}，${time}` : `${sender}，${time}，${state}`),
    log: "消息",
    automatic: "自动回复",
    actions: "消息操作",
  },
  thread: {
    unread: "以下是新消息",
    start: "对话从这里开始",
    today: "今天",
    yesterday: "昨天",
  },
  composer: {
    label: "消息",
    placeholder: "输入消息…",
    send: "发送",
    emoji: "表情",
    addPictures: "添加图片",
    left: (n) => `还可输入 ${n} 字`,
    tooLong: (n) => `超出 ${n} 字`,
    enterHint: "Enter 发送，Shift+Enter 换行",
  },
  product: {
    sendLink: "发送链接",
    view: "查看商品",
    soldOut: "已售罄",
    left: (n) => `仅剩 ${n} 件`,
    gone: "已下架",
    virtual: "虚拟商品",
    about: "关于这件商品",
  },
  menu: {
    open: "菜单",
  },
  empty: {
    title: "打个招呼吧",
    hint: (product) => (product === "" ? "写下您的第一条消息。" : `关于“${product}”，有什么都可以问卖家。`),
    starters: ["请问还有货吗？", "多久可以发货？", "可以详细介绍一下吗？"],
  },
  page: {
    toInbox: "我的聊天",
    guest: "您正在以访客身份聊天，对话只保留在这个浏览器里。",
  },
};
