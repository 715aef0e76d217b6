(()=>{
'use strict';
const core=window.needletail,{assign,entries}=Object,now=()=>Date.now();
if(!core)return console.error('needletail-inapp.js needs needletail.js before it');
const RETRY=1000,SLOWEST=6e4,SHOWN='_inapp.message_displayed',LEFT='_inapp.message_dismissed',CLICKED='_inapp.message_clicked';
let options={},campaigns=[],early=[],open,stream,endpoint,tries=0,timer,isOn,isListed,counts={},session;
const stored=name=>{
try{return JSON.parse(localStorage.getItem(name))||{};}catch(_){return{};}
};
const visitor=()=>stored('needletail.'+options.app);
const isWanted=()=>{
const asks=options.doNotTrack!==false&&(navigator.doNotTrack==='1'||navigator.globalPrivacyControl);
return assign({consent:options.consent!==false&&!asks},visitor()).consent!==false;
};
const place=()=>'needletail.inapp.'+options.app;
const day=()=>new Date().toDateString();
function load(){
counts=assign(counts,stored(place()));
const id=visitor().session?visitor().session.id:session;
if(counts.session!==id)assign(counts,{session:id,inSession:{}});
if(counts.day!==day())assign(counts,{day:day(),today:{}});
return assign(counts,{ever:counts.ever||{}});
}
function count({CampaignId}){
const{inSession,today,ever}=load();
for(const tally of[inSession,today,ever])tally[CampaignId]=(tally[CampaignId]||0)+1;
for(const[id]of entries(ever).slice(0,-200))delete ever[id];
try{localStorage.setItem(place(),JSON.stringify(counts));}catch(_){}
}
const isBelow=(tally,{CampaignId},cap)=>!cap||(tally[CampaignId]||0)<cap;
const minutes=text=>text.split(':').reduce((sum,part)=>sum*60+Number(part),0);
function isQuiet({Start,End}={}){
if(!Start||!End)return false;
const time=new Date(),at=time.getHours()*60+time.getMinutes(),from=minutes(Start),to=minutes(End);
return from<=to?at>=from&&at<to:at>=from||at<to;
}
const dates=values=>values.map(value=>Date.parse(value));
const tests={
INCLUSIVE:(value,values)=>values.includes(value),
EXCLUSIVE:(value,values)=>!values.includes(value),
CONTAINS:(value,values)=>values.some(one=>String(value).includes(one)),
BEFORE:(value,values)=>Date.parse(value)<dates(values)[0],
AFTER:(value,values)=>Date.parse(value)>dates(values)[0],
ON:(value,values)=>new Date(value).toDateString()===new Date(values[0]).toDateString(),
BETWEEN:(value,values)=>Date.parse(value)>=dates(values)[0]&&Date.parse(value)<=dates(values)[1],
EQUAL:(value,wanted)=>value===wanted,
GREATER_THAN:(value,wanted)=>value>wanted,
GREATER_THAN_OR_EQUAL:(value,wanted)=>value>=wanted,
LESS_THAN:(value,wanted)=>value<wanted,
LESS_THAN_OR_EQUAL:(value,wanted)=>value<=wanted,
};
const test=(name,value,wanted)=>(tests[name||'INCLUSIVE']||(()=>false))(value,wanted);
const own=(object,name)=>Object.prototype.hasOwnProperty.call(object,name);
function isTriggered({EventFilter},{type,attributes,metrics}){
const{EventType,Attributes,Metrics}=EventFilter&&EventFilter.Dimensions||{};
if(!EventType||!test(EventType.DimensionType,type,EventType.Values||[]))return false;
for(const[name,{AttributeType,Values}]of entries(Attributes||{})){
const value=own(attributes,name)?String(attributes[name]):undefined;
if(value===undefined?AttributeType!=='EXCLUSIVE':!test(AttributeType,value,Values||[]))return false;
}
for(const[name,{ComparisonOperator,Value}]of entries(Metrics||{})){
if(!own(metrics,name)||!test(ComparisonOperator,Number(metrics[name]),Value))return false;
}
return true;
}
function isDue(campaign,event){
const{Schedule={},SessionCap,DailyCap,TotalCap}=campaign,{inSession,today,ever}=load();
return isTriggered(Schedule,event)&&!(Date.parse(Schedule.EndDate)<=now())&&!isQuiet(Schedule.QuietTime)
&&isBelow(inSession,campaign,SessionCap)&&isBelow(today,campaign,DailyCap)&&isBelow(ever,campaign,TotalCap);
}
function happened(type,attributes,metrics){
if(!isOn||open||type.startsWith('_inapp.'))return;
const due=campaigns.find(campaign=>isDue(campaign,{type,attributes:attributes||{},metrics:metrics||{}}));
if(due)show(due);
}
const facts=({CampaignId,TreatmentId})=>({campaign_id:CampaignId,delivery_type:'IN_APP_MESSAGE',treatment_id:TreatmentId});
const tell=(name,campaign,...more)=>{
try{return options[name]&&options[name](campaign,...more);}catch(error){console.error(error);}
};
function show(campaign){
if(tell('onMessage',campaign)===false)return;
const{InAppMessage={}}=campaign;
if(!(InAppMessage.Content||[]).length)return shown(campaign);
open=draw(campaign,InAppMessage);
shown(campaign);
}
function shown(campaign){
count(campaign);
core.track(SHOWN,facts(campaign));
}
function close(campaign,type){
const closing=open;
open=undefined;
if(closing)closing.remove();
if(type)core.track(type,facts(campaign));
if(type===LEFT)tell('onDismiss',campaign);
}
function address(text,schemes){
try{
const url=new URL(text,location.href);
return schemes.includes(url.protocol)?url.href:undefined;
}catch(_){}
}
const LINKS=['https:','http:','mailto:'],IMAGES=['https:','http:'];
const SIDES={LEFT:'left',CENTER:'center',RIGHT:'right'};
const CSS=[
':host{all:initial}*{box-sizing:border-box}[hidden]{display:none!important}',
'.layer{position:fixed;z-index:2147483000;display:flex;pointer-events:none;font:16px/1.45 system-ui,sans-serif;color:#111}',
'.box{pointer-events:auto;position:relative;background:#fff;box-shadow:0 4px 24px #0004;overflow:auto;max-height:100%}',
'.top{inset:0 0 auto}.bottom{inset:auto 0 0}.top .box,.bottom .box{width:100%;max-height:60vh}',
'.middle{inset:0;align-items:center;justify-content:center;padding:16px}.middle .box{width:100%;max-width:640px;border-radius:12px}',
'.over{inset:0;background:#0008;pointer-events:auto}.over .box{width:100%;height:100%;display:flex}',
'.carousel{inset:0;align-items:center;justify-content:center;padding:16px;background:#0008;pointer-events:auto}',
'.carousel .box{width:100%;max-width:480px;border-radius:12px}',
'.feed{inset:auto 16px 16px auto;max-height:calc(100vh - 32px);width:min(360px,calc(100vw - 32px))}.feed .box{width:100%;border-radius:12px}',
'.feed.inline{position:static;width:100%;max-height:none}',
'.slide{display:flex;flex-direction:column;gap:12px;padding:20px 52px 20px 20px;width:100%;min-height:100%}',
'.over .slide,.carousel .slide{align-items:center;justify-content:center;padding:52px 24px 24px}',
'.top .slide,.bottom .slide{flex-direction:row;flex-wrap:wrap;align-items:center;padding:14px 52px 14px 16px}.top .words,.bottom .words{flex:1 1 260px}',
'h2{font-size:1.2em;line-height:1.3;margin:0 0 4px;font-weight:600}p{margin:0;white-space:pre-line}h2,p{overflow-wrap:anywhere}',
'.words{width:100%;max-width:640px}img{display:block;max-width:100%;max-height:45vh;object-fit:contain;border-radius:8px;align-self:center}',
'.top img,.bottom img{max-height:72px;max-width:120px}.actions{display:flex;flex-wrap:wrap;gap:8px}',
'.actions a,.actions button{font:inherit;font-weight:600;min-height:44px;padding:10px 18px;border:0;border-radius:8px;background:#0b57d0;color:#fff;text-decoration:none;cursor:pointer;text-align:center}',
'.actions .second{background:#e4e7ec;color:#111}',
'.x,.move{position:absolute;min-width:44px;min-height:44px;border:0;background:none;color:inherit;font:22px/1 system-ui,sans-serif;cursor:pointer}',
'.x{top:4px;right:4px;z-index:1}.move{top:50%;margin-top:-22px;z-index:1}.back{left:0}.next{right:0}',
'.dots{position:absolute;bottom:8px;left:0;right:0;text-align:center;pointer-events:none;letter-spacing:4px}.carousel .slide{padding:52px 48px 40px}',
':focus-visible{outline:3px solid #0b57d0;outline-offset:2px;box-shadow:0 0 0 2px #fff}.box:focus{outline:none}',
'@media (prefers-reduced-motion:no-preference){.box{animation:in .2s ease-out}@keyframes in{from{opacity:0;transform:translateY(12px)}}}',
].join('');
const sheet=new CSSStyleSheet();
sheet.replaceSync(CSS);
function make(tag,attributes,...children){
const element=document.createElement(tag);
for(const[name,value]of entries(attributes))if(value!==undefined)element.setAttribute(name,value);
element.append(...children.filter(child=>child!==undefined));
return element;
}
const paint=(element,color,background)=>assign(element.style,{color:color||'',backgroundColor:background||''});
const label=(name,standard)=>(options.labels||{})[name]||standard;
function words(tag,config,text,id){
if(!config||!text)return;
const element=make(tag,{id,dir:'auto'},text);
paint(element,config.TextColor);
element.style.textAlign=SIDES[config.Alignment]||'';
return element;
}
function picture(link){
const source=link&&address(link,IMAGES);
if(!source)return;
const image=make('img',{alt:'',src:source,referrerpolicy:'no-referrer'});
image.onerror=()=>image.remove();
return image;
}
function button(campaign,config,kind){
const standard=config&&config.DefaultConfig;
if(!standard||!standard.Text)return;
const{ButtonAction:action,Link:link}=assign({},standard,config.Web);
const target=action==='CLOSE'?undefined:address(link,LINKS);
const element=target
?make('a',{href:target,target:action==='DEEP_LINK'?'_self':'_blank',rel:'noopener',class:kind},standard.Text)
:make('button',{type:'button',class:kind},standard.Text);
paint(element,standard.TextColor,standard.BackgroundColor);
if(standard.BorderRadius>=0)element.style.borderRadius=`${Math.min(standard.BorderRadius, 100)}px`;
element.addEventListener('click',event=>{
if(tell('onAction',campaign,{action,link:action==='CLOSE'?undefined:link})===false)event.preventDefault();
close(campaign,action==='CLOSE'?LEFT:CLICKED);
});
return element;
}
function slide(campaign,content,index,all){
const header=content.HeaderConfig,body=content.BodyConfig;
const text=make('div',{class:'words'},...[
words('h2',header,header&&header.Header,'h'+index),words('p',body,body&&body.Body,'p'+index),
].filter(Boolean));
const actions=[button(campaign,content.PrimaryBtn,'first'),button(campaign,content.SecondaryBtn,'second')].filter(Boolean);
const element=make(
'div',{class:'slide',role:all>1?'group':undefined,'aria-label':all>1?`${index + 1} / ${all}`:undefined},
picture(content.ImageUrl),text,actions.length?make('div',{class:'actions'},...actions):undefined);
paint(element,'',content.BackgroundColor);
return element;
}
const PLACES={
TOP_BANNER:'top',BOTTOM_BANNER:'bottom',MIDDLE_BANNER:'middle',OVERLAYS:'over',MOBILE_FEED:'feed',CAROUSEL:'carousel',
};
function draw(campaign,{Layout,Content}){
const kind=PLACES[Layout]||'middle',isModal=kind==='over'||kind==='carousel';
const contents=kind==='carousel'?Content.slice(0,5):Content.slice(0,1);
const slides=contents.map((content,index)=>slide(campaign,content,index,contents.length));
const host=make('div',{'data-needletail':Layout||'MIDDLE_BANNER'}),shadow=host.attachShadow({mode:'open'});
const feed=kind==='feed'&&options.feed&&document.querySelector(options.feed);
const x=make('button',{type:'button',class:'x','aria-label':label('close','Close')},'\u00d7');
const box=make('div',{
class:'box',role:'dialog',tabindex:'-1','aria-modal':isModal?'true':undefined,'aria-label':label('message','Message'),
'aria-roledescription':slides.length>1?'carousel':undefined,
},...slides,x);
shadow.adoptedStyleSheets=[sheet];
shadow.append(make('div',{class:`layer ${kind}${feed ? ' inline' : ''}`},box));
const name=(first,index)=>shadow.getElementById('h'+index)||shadow.getElementById('p'+index)||first;
let at=0;
const turn=step=>{
at=(at+step+slides.length)%slides.length;
slides.forEach((one,index)=>{one.hidden=index!==at;});
const title=name(undefined,at);
if(title)box.setAttribute('aria-labelledby',title.id);else box.removeAttribute('aria-labelledby');
const{HeaderConfig,BodyConfig}=contents[at];
paint(box,(HeaderConfig||BodyConfig||{}).TextColor);
const dots=shadow.querySelector('.dots');
if(dots)dots.textContent=slides.map((_,index)=>index===at?'\u25cf':'\u25cb').join('');
};
if(slides.length>1){
const back=make('button',{type:'button',class:'move back','aria-label':label('previous','Previous')},'\u2039');
const next=make('button',{type:'button',class:'move next','aria-label':label('next','Next')},'\u203a');
back.onclick=()=>turn(-1);
next.onclick=()=>turn(1);
box.append(back,next,make('div',{class:'dots','aria-hidden':'true'}));
}
turn(0);
const before=document.activeElement,leave=()=>close(campaign,LEFT);
x.onclick=leave;
const keys=event=>{
if(event.key==='Escape')leave();
else if(slides.length>1&&event.key==='ArrowLeft')turn(-1);
else if(slides.length>1&&event.key==='ArrowRight')turn(1);
else if(isModal&&event.key==='Tab')trap(event,shadow,box);
};
document.addEventListener('keydown',keys,true);
(feed||document.body).append(host);
if(isModal)box.focus();
else box.setAttribute('aria-live','polite');
return{
campaign,
remove(){
document.removeEventListener('keydown',keys,true);
host.remove();
if(isModal&&before&&before.focus)before.focus();
},
};
}
function trap(event,shadow,box){
const all=[...box.querySelectorAll('a,button')].filter(one=>one.offsetParent!==null);
const at=all.indexOf(shadow.activeElement),step=event.shiftKey?-1:1;
event.preventDefault();
all[at<0?(step<0?all.length-1:0):(at+step+all.length)%all.length].focus();
}
async function follow(){
if(!isOn||stream||document.hidden)return;
const mine=stream=new AbortController();
if(endpoint!==core.endpointId){
campaigns=[];
isListed=false;
}
endpoint=core.endpointId;
try{
const headers={Accept:'text/event-stream','X-Needletail-Write-Key':options.writeKey};
const answer=await fetch(`${options.url}/v1/apps/${options.app}/endpoints/${endpoint}/inappmessages/stream`,{headers,signal:mine.signal,cache:'no-store'});
if(answer.ok)await read(answer.body.getReader());
}catch(_){}
if(stream!==mine)return;
stream=undefined;
timer=setTimeout(follow,Math.min(SLOWEST,RETRY*2**tries++)*(0.5+Math.random()));
}
async function read(reader){
const decoder=new TextDecoder();
for(let rest='';;){
const{done,value}=await reader.read();
if(done)return;
const parts=(rest+decoder.decode(value,{stream:true})).split('\n\n');
rest=parts.pop();
for(const part of parts)take(part.split('\n').filter(line=>line.startsWith('data:')).map(line=>line.slice(5)).join('\n'));
}
}
function take(data){
if(!data)return;
tries=0;
campaigns=JSON.parse(data).InAppMessageCampaigns||[];
if(open&&!campaigns.some(({CampaignId})=>CampaignId===open.campaign.CampaignId))close();
tell('onUpdate',campaigns);
isListed=true;
while(early.length&&!open)happened(...early.shift());
early=[];
}
function note(type,attributes,metrics){
if(!isOn)return;
if(isListed)happened(type,attributes,metrics);
else early=[...early,[type,attributes,metrics]].slice(-20);
}
function quit(){
clearTimeout(timer);
const ending=stream;
stream=undefined;
if(ending)ending.abort();
}
function again(){
quit();
tries=0;
follow();
}
function arrive(){
if(!isOn)return;
const{id}=visitor().session||{};
const last=load().seen;
if(id&&id!==last){
counts.seen=id;
try{localStorage.setItem(place(),JSON.stringify(counts));}catch(_){}
note('_session.start');
}
note('page.view',{url:location.href,title:document.title,referrer:document.referrer});
}
function start(more){
options=assign(options,more);
session=session||String(now());
if(isOn||!options.app||!isWanted())return;
isOn=true;
follow();
arrive();
}
function stop(){
isOn=false;
campaigns=[];
early=[];
isListed=false;
quit();
if(open)close();
}
function forget(){
stop();
counts={};
try{localStorage.removeItem(place());}catch(_){}
}
for(const[name,after]of entries({
init:more=>start(more),
track:note,
consent:isGiven=>isGiven?start({consent:true}):forget(),
identify:()=>setTimeout(again,1500),
reset:()=>setTimeout(again,1500),
})){
const act=core[name];
core[name]=function(...values){
const result=act.apply(this,values);
after(...values);
return result;
};
}
const{pushState}=history;
history.pushState=function(...change){
const from=location.href;
pushState.apply(this,change);
if(location.href!==from)arrive();
};
for(const[event,act]of entries({
popstate:arrive,visibilitychange:()=>document.hidden?quit():again(),pagehide:quit,online:again,
}))addEventListener(event,act);
core.inApp={start,stop,show,get campaigns(){return campaigns;},dismiss:()=>open&&close(open.campaign,LEFT)};
})();
