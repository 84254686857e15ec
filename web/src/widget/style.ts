/** Design tokens of the light theme; set when this is built. */
declare const badgeFill: string, badgeText: string, edgeColour: string, shadeColour: string;

/** Styles of the button. They live in its shadow root: the shop's page neither sees nor changes them. */
export const css = `
:host{all:initial;position:fixed;bottom:0;width:0;height:0;z-index:var(--z);font:15px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color-scheme:light dark}
[hidden]{display:none!important}
*{box-sizing:border-box}
button{font:inherit;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.launch,.pop{position:fixed;inset-inline-end:max(20px,env(safe-area-inset-right));box-shadow:0 6px 24px ${shadeColour}44}
:host(.left) .launch,:host(.left) .pop{inset-inline:max(20px,env(safe-area-inset-left)) auto}
.launch{bottom:max(20px,env(safe-area-inset-bottom));width:56px;height:56px;border:1px solid transparent;border-radius:50%;background:var(--accent);color:var(--on);display:grid;place-items:center;padding:0}
.launch[aria-busy] svg{opacity:.5}
.launch svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.count{position:absolute;top:-4px;inset-inline-end:-4px;min-width:22px;padding:0 6px;border-radius:11px;background:${badgeFill};color:${badgeText};font-size:13px;line-height:22px;font-weight:600}
.pop{bottom:calc(max(20px,env(safe-area-inset-bottom)) + 68px);border:1px solid ${edgeColour}44;border-radius:16px;overflow:hidden;background:Canvas;color:CanvasText}
.say{padding:12px 16px;max-width:min(300px,calc(100vw - 40px))}
@media(prefers-reduced-motion:no-preference){.launch{transition:transform .12s}.launch:hover{transform:scale(1.05)}}
`;
