// How the report looks: light and dark, on a telephone, on paper. Colours on which text stands keep a contrast of 4.5 and more (WCAG AA).
#pragma once

namespace octet::apps {

inline constexpr const char* kPageStyle = R"css(
:root{--page:#fff;--text:#1b1f24;--quiet:#57606a;--line:#d0d7de;--card:#f6f8fa;--seen:#3b6fb6;--cut:#c4432b;--range:#1b1f24;--link:#0a58b0;
--loss0:#c9ecd0;--loss1:#e1f0bf;--loss2:#f8eaae;--loss3:#fbd6a3;--loss4:#f8bfa6;--loss5:#f3a8a8;--float:#e3e6ea}
@media(prefers-color-scheme:dark){:root{--page:#0f1318;--text:#e6eaef;--quiet:#a5afba;--line:#39424d;--card:#181e25;--seen:#7fb0ee;--cut:#ff8f76;
--range:#e6eaef;--link:#82b8ff;--loss0:#17472a;--loss1:#3d4a15;--loss2:#554706;--loss3:#5c3c0c;--loss4:#632e1b;--loss5:#6b2226;--float:#2c343d}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:16px;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;margin:.2em 0}h2{font-size:1.3rem;margin:1.8em 0 .4em;border-bottom:1px solid var(--line)}h3{font-size:1.05rem;margin:.2em 0;overflow-wrap:anywhere}
a{color:var(--link)}a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
p,figcaption,.quiet{color:var(--quiet);margin:.3em 0}figcaption{font-size:.85rem}
.answer{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:1em 0}
.answer div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px}.answer b{display:block;font-size:1.4rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{padding:3px 10px;text-align:left;border-bottom:1px solid var(--line)}th.number,td.number{text-align:right}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;font-weight:700}
.node{border:1px solid var(--line);border-radius:8px;padding:10px 14px;margin:12px 0;background:var(--card);break-inside:avoid}
.node .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(270px,1fr));gap:14px}.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:14px;align-items:start}.maps{display:grid;grid-template-columns:repeat(4,1fr);gap:3px}.maps img{width:100%;margin:0}figure{margin:.5em 0}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:2px 18px;margin:.4em 0}dl div{display:flex;justify-content:space-between;gap:8px;border-bottom:1px dotted var(--line)}
dt{color:var(--quiet)}dd{margin:0;font-variant-numeric:tabular-nums;text-align:right}
svg{display:block;max-width:100%;height:auto}svg.network{max-width:none}svg text{fill:var(--text);font-size:12px}svg .small{font-size:10.5px}
.seen{fill:var(--seen)}.cut{fill:var(--cut)}line.range{stroke:var(--range);stroke-width:1.5}polyline.range{fill:none;stroke:var(--seen);stroke-width:1.5}
.edge{fill:none;stroke:var(--quiet);stroke-width:1.2}rect.float,.key.float{fill:var(--float);background:var(--float)}
rect.loss0,.loss0{fill:var(--loss0);background:var(--loss0)}rect.loss1,.loss1{fill:var(--loss1);background:var(--loss1)}rect.loss2,.loss2{fill:var(--loss2);background:var(--loss2)}
rect.loss3,.loss3{fill:var(--loss3);background:var(--loss3)}rect.loss4,.loss4{fill:var(--loss4);background:var(--loss4)}rect.loss5,.loss5{fill:var(--loss5);background:var(--loss5)}
.key{display:inline-block;padding:1px 8px;margin:2px;border-radius:4px;color:var(--text)}
img{image-rendering:pixelated;max-width:100%;height:auto;margin:2px;vertical-align:top}pre{overflow:auto;max-height:26rem;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px;font-size:.82rem}
.drawing{overflow:auto;max-height:80vh;border:1px solid var(--line);border-radius:8px;padding:10px}
@media print{.drawing,pre{max-height:none}body{max-width:none}}
)css";

/// Sorts a table by the column whose heading is pressed. The page says all of it without.
inline constexpr const char* kPageScript = R"js(
for(const table of document.querySelectorAll("table.sorts"))table.querySelectorAll("th").forEach((th,i)=>{
const b=document.createElement("button");b.textContent=th.textContent;b.type="button";th.textContent="";th.append(b);
b.onclick=()=>{const body=table.tBodies[0],up=th.getAttribute("aria-sort")!=="ascending";
table.querySelectorAll("th").forEach(o=>o.removeAttribute("aria-sort"));th.setAttribute("aria-sort",up?"ascending":"descending");
const key=r=>{const t=r.cells[i].dataset.key??r.cells[i].textContent,n=parseFloat(t);return isNaN(n)?t:n};
[...body.rows].sort((a,b)=>{const x=key(a),y=key(b);return(x<y?-1:x>y?1:0)*(up?1:-1)}).forEach(r=>body.append(r))}})
)js";

}  // namespace octet::apps
