/** Styles of what opens from the button. */
export const panelCss = `
a{font:inherit}
.peek{max-width:min(300px,100vw - 40px);display:flex}
.peek button{min-height:44px;border:0;background:none;color:inherit;text-align:start;padding:10px 14px;min-width:0}
.peek .no{flex:none;width:44px;padding:0;text-align:center}
.peek b,.peek span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.panel{width:min(400px,100vw - 40px);height:min(640px,var(--height,100vh) - 108px);bottom:max(88px,env(safe-area-inset-bottom) + 68px,100% + 8px - var(--top,0px) - var(--height,100%))}
iframe{position:absolute;inset:0;width:100%;height:100%;border:0}
.note{position:absolute;inset:0;display:flex;flex-direction:column;gap:12px;align-items:center;justify-content:center;padding:24px;text-align:center}
.note button,.note a{min-height:44px;padding:10px 18px;border:1px solid;border-radius:10px;background:none;color:inherit;text-decoration:none}
.shut{display:none}
:host(.sheet) .panel{inset:var(--top,0) 0 auto;width:100%;height:var(--height,100dvh);border:0;border-radius:0}
:host(.sheet) .launch{display:none}
:host(.sheet) .shut{display:block}
.live{position:fixed;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
`;
