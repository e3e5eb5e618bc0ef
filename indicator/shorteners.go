package indicator

// IsShortened tells whether a link's host is a known link shortener, or a
// service that gives short links to others. Nothing is asked over the network:
// where such a link leads must stay unknown to who made it.
func IsShortened(link string) bool {
	host := splitURL(link).host
	if hasWWW(host) {
		host = host[4:]
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	var lower [64]byte
	if host == "" || len(host) > len(lower) {
		return false
	}
	for i := range len(host) {
		lower[i] = lowerByte(host[i])
	}
	for name := lower[:len(host)]; ; {
		if shorteners[string(name)] {
			return true
		}
		dot := indexDot(name)
		if dot < 0 || !givesSubdomains[string(name[dot+1:])] {
			return false
		}
		name = name[dot+1:]
	}
}

func indexDot(b []byte) int {
	for i, c := range b {
		if c == '.' {
			return i
		}
	}
	return -1
}

func lowerByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// givesSubdomains are shorteners whose customers have a name under theirs.
var givesSubdomains = words(`app.link page.link onelink.me smart.link sng.link adj.st go.link lnk.to short.gy
	tapad.com bnc.lt rebrand.ly kit.co yourls.org tp.st linkly.app ulvis.net`)

// shorteners are well-known ones: public services, and the hosts that large
// sites use for their own links.
var shorteners = words(`
	0rz.tw 1drv.ms 1link.in 1url.com 2.gp 2big.at 2doc.net 2fear.com 2tu.us 2ty.in 3.ly 307.to 4ms.me 4sq.com 4url.cc 6url.com
	7.ly a.co a.gg a.nf aa.cx abbrr.com abcurl.net abnb.me ad-med.cz ad5.eu ad7.biz adb.ug adf.ly adfa.st adfly.fr adfoc.us adj.st adli.pw admy.link
	adv.li aje.io aka.ms aka.gr al.st alil.in all.fuseurl.com alturl.com amzn.eu amzn.to amzn.asia any.gs apne.ws app.link apple.co apple.news
	aqva.pl ares.tl arst.ch asso.in asq.kr atu.ca ayt.fr azali.fr azc.cc b00.fr b23.ru b23.tv b54.in b65.com b65.us baid.us bacn.me bc.vc bcool.bz
	bee4.biz beam.to bfy.tw bim.im bin.wf binged.it bit.do bit.ly bitly.com bitly.ws bitly.is bitw.in bizj.us bkite.com bl.ink bl.mk bloat.me blip.tv
	blockst.ly bnc.lt bom.so bote.me bougn.at boi.re br4.in bravo.ly bre.is brief.link bsa.ly btly.link budurl.com buff.ly bxl.me bzh.me burnurl.com
	bop.cc bpl.kr c-o.in c.cx cashapp.link cbug.cc cc.cc ccj.im cektkp.com cf.ly cf2.me cf6.co chilp.it chng.it chn.ge chzb.gr cjb.net cl.lk cl.ly clck.ru
	cle.ws clic.ws clickmeter.com cli.gs clicky.me clk.im cloaky.de clop.in clp.ly cmpdnt.cc cnn.it conta.cc coms.pw cort.as cos.as cot.ag
	crabrave.pw crks.me ctt.ac ctvr.us cudder.it cur.lv curl.im cutit.org cutt.eu cutt.ly cutt.us cuturl.com cutwin.com cybr.fr cyonix.to
	d.pr d75.eu daa.pl dai.ly db.tt dd.ma ddp.net dfl8.me dft.ba dickso.net digbig.com disq.us dld.bz dlvr.it do.my doiop.com dolp.cc
	dopice.sk dr.tl droid.ws dub.co dub.sh duckdns.to durl.me dv.gd dwarfurl.com dwz.cn dwz.date dy.fi dyo.gs
	e37.eu easyurl.com easyurl.net ebay.to ebay.us ecra.se eepurl.com elbruz.org elsl.de encurtador.com.br encurtador.dev engt.co enl.me eng.mg ept.ms erw.cz esyurl.com ethl.in
	eurl.me eweri.com ewerl.com ezurl.cc f.ls fa.by fav.me fb.me fb.watch fbshare.me ff.im fff.re fff.to fff.wf fhurl.com filoops.info
	fire.to firsturl.de firsturl.net flic.kr flip.it flq.us fly2.ws fnk.es foe.hn folu.me fon.gs fox.tv freak.to freeze.it fur.ly fuseurl.com fuzzy.to fw.to fwd4.me fwib.net
	g.co g.page g.ro.lt g00.me g2.by gdurl.com gdzl.io gee.su geni.us gerydec.com get.page gestyy.com gg.gg gl.am gl1.nk gizmo.do git.io go.9nl.com go.link go2l.ink go2.me goo.by goo.gl goo.gs goo.lu goo.su good.ly
	goog.le goshrink.com got.by gotrim.me gowal.la gplinks.co gplinks.in grem.io gri.ms grabify.link gurl.es
	han.gl hec.su hex.io hide.my hit.my hiderefer.com hj.to hmm.ph hoo.gl hop.kz hotredirect.com href.li hsblinks.com hubs.ly hubs.la huff.to httpslink.com hurl.it hurl.me hurl.ws htn.to
	i-2.co i99.cz ibit.ly icit.fr ick.li icks.ro ictg.me idek.net ift.tt ihg.co iiiii.in iky.fr ilix.in inc.asia info.ms inreply.to inv.lv inx.lv iplogger.com iplogger.org iplogger.ru
	is.gd iscool.net isra.li ish.re it.mk its.my itsh.bo iterasi.net itm.im ity.im ix.sk ito.mx irt.me j.gs j.mp j2j.de jdem.cz jijr.com jmp2.net just.as
	k.vu k6.kz kas.pr kask.us kd2.org kfd.pl kissa.be kl.am klck.me kore.us korta.nu kr3w.de krat.si kratsi.cz krod.cz krunchd.com kuc.cz kutt.it kut.li kxb.me kxk.me
	l-k.be l.ead.me l.linklyhq.com l9.fr l9k.net lat.ms lc-s.co lc.cx lcut.in letop10.com lety.io lemde.fr lick.my lihi.cc lihi1.com lihi2.com lihi3.com lien.li lien.pl lifehac.kr liip.to liltext.com lin.cr lin.ee lin.io link.ac
	linkbee.com linkbun.ch linkn.co linktr.ee linktw.in linkly.app liurl.cn llu.ch ln-s.net ln-s.ru ln.is lnk.bio lnk.co lnk.gd lnk.in lnk.ly lnk.sk lnk.to lnkd.in lnkiy.in lnkload.com lnks.fr lnky.fr lnp.sn lnurl.com loom.ly loopt.us lp25.fr
	lru.jp lstu.fr lt.tl ltl.ma lurl.no lvvk.com m1p.fr m3mi.com make.my manyurl.com map.sg mapq.st maps.app.goo.gl maper.info mash.to mcaf.ee mdl29.net memb.rs merky.de metamark.net mfw.space mic.fr migre.me minilien.com miniurl.com
	minu.me minurl.fr minurl.net mke.me mly.link moby.to moourl.com more.sh mrte.ch mub.me msft.it msng.info msnbc.it muz.so mylink.be myloc.me mysp.ac mz.cm n.pr n9.cl nav.cx nbc.co nblo.gs ne1.net net.ms net46.net nicou.ch
	nig.gr njx.me nn.nf non.li not.my notlong.com nov.io nowlinks.net nq.st nsfw.in nutshellurl.com nvth.de nxy.in nyti.ms nyp.st o-x.fr o.ly oc1.us oe.cd oia.la okok.fr om.ly on.fb.me on.ft.com on.mktw.net on.soundcloud.com onelink.me onforb.es
	 ooqx.com orz.se oshr.pw ou.af ou.gd oua.be ouo.io ouo.press ow.ly owl.li oxyz.info oze.ink
	p.pw p.asia p4k.in page.link par.do parky.tv past.is path.to pd.am pdh.co pendek.in pesc.pw ph.dog ph.ly pic.gd pich.in picz.us pin.it pin.st piurl.com pix.gs plots.fr plzs.me pm.wu.cz pnt.me po.st politi.co polr.me poprl.com
	poost.io post.ly posh.mk pp.gg ppfr.it ppst.me ppt.cc ppt.li prejit.cz prettylinkpro.com profile.to pse.is psty.io ptab.it ptm.ro pub.vitrue.com pw2.ro put.fi putu.bz px.to pxlz.org py6.ru
	q.gs qbn.ru qicute.com qlnk.net qps.ru qqc.co qqurl.com qr.ae qr.net qr.paps.jp qrco.de qrfy.com qr1.be qrs.ly qte.me qti.st qu.tc quip-art.com qy.fi r.im rb.gy rb6.co rb6.me rb8.eu rcknr.io rdo.to rdz.me read.bi readthis.ca
	reallytinyurl.com rebrand.ly recurl.info redd.it redir.ec redir.fr redirects.ca redirx.com redu.it ref.so reise.lc relink.fr relink.us retwt.me ri.ms rickroll.it riz.cz riz.gd rlu.ru rlu.fr rod.gs roflc.at rsmonkey.com rt.nu rt.se rt.tc
	rtr.it ru.ly rubyurl.com rurl.org rv.gl rww.tw s-url.fr s.coop s.id s.shopee.com.br s.click.aliexpress.com s2r.co s4c.in s5.io s7y.us safe.mn sagyap.tk sameurl.com sco.lt scrnch.me sdu.sk sdut.us seeme.at segue.se sfr.me
	sh.st shar.as sharein.com sharetabs.com shink.de shope.ee shor.by shorl.com short.cc short.cm short.gy short.ie short.io short.nr short.pk short.to shorten.asia shortcm.li shortest.st shortio.com shorturl.asia
	shorturl.at shorturl.com shorturl.gg shortn.me shortna.me shorte.st shout.to show.my shrinkee.com shrinkify.com shrinkme.io shrinkr.com shrinkster.com shrinkurl.in shrt.fr shrt.in shrt.st shrt.ws shrten.com shrtco.de shrtm.nu shrunkin.com
	shw.com shy.si sicax.net sigurl.com sina.lt sk.gy skr.sk skroc.pl slate.me slki.ru sl.al smallr.com smarturl.it smart.link smll.co smlk.es smsh.me smurl.name sn.im sn.vc snip.ly snipr.com snipurl.com snsw.us snurl.com sng.link
	snvurl.com sou.nu soo.gd sp2.ro spedr.com spn.sr spoti.fi spotify.link spr.ly sqrl.it spu.su sq6.ru sqli.it srnk.net srs.li ssl.gs starturl.com steam.ly sturly.com su.pr surl.co.uk surl.hu surl.it surl.li surl.me sux.cz swiy.co swll.to sy.pe
	t.cn t.co t.co.uk t.ly t.lh.com t1p.de t2m.io ta.gd tabzi.com tau.pe tbd.ly tcrn.ch tdjt.cz tek.link tfl.es tgr.me tgr.ph thd.co thecow.me thesa.us thinfi.com thrdl.es tidd.ly tighturl.com tim.pe tin.li tini.cc tiny.cc tiny.lt tiny.ly
	tiny.ms tiny.one tiny.pl tiny.tw tiny123.com tinyarrows.com tinylink.in tinylink.net tinytw.it tinyuri.ca tinyurl.com tinyurl.hu tinyurl.mobi tinyvid.io tixsu.com tinu.be tldr.sk tldrify.com tllg.net tmblr.co tmi.me tnij.org tny.com tny.cz tny.im tny.sh to.ly
	to.llyurl.com to8.cc togoto.us tohle.de tp.st tpm.ly tpmr.com tr.im tr.my tr5.in tra.kz tra.li trackurl.it trck.me trib.al trick.ly trkr.ws trunc.it trust.ws tsort.us tubeurl.com turo.us tweetburner.com twet.fr twhub.com twi.im twirl.at twit.ac twitclicks.com
	twitterpan.com twiturl.de twlv.net twurl.cc twurl.nl tweez.me twtr.us u.afp.com u.mavrev.com u.nu u.to u76.org ub0.cc uby.es ucam.me ug.cz ulmt.in ulu.lu ulvis.net unfaker.it updating.me upzat.com ur1.ca url.co.uk url.ie url.kr
	url2.fr url4.eu url4t.com url5.org urlao.com urlbrief.com urlcover.com urlcut.com urlday.cc urlenco.de urlhawk.com urli.ai urlin.it urlkiss.com urlr.me urls.fr urls.tw urlshortbot.com urlshrt.com urlx.ie urlx.org urlz.fr urlzen.com urlzs.com usat.ly use.my
	utfg.sk v.gd v.ht v5.gd vaaa.fr valv.im vaza.me vbly.us vd55.com verd.in vgn.me vgn.am viid.me virl.com vl.am vm.lc vm.tiktok.com vt.tiktok.com vov.li vsll.eu vt802.us vu.fr vur.me vv.vg vzturl.com w1p.fr w3t.org w55.de wa.link wapo.st wapurl.co.uk
	waa.ai wb1.eu wclink.co we.tl web99.eu webz.cc wed.li wideo.fr wipi.es wp.me wqd.su wtc.la wtf.tw wu.cz ww7.fr wwy.me x.co x.ee x.gd x.nu x.se x10.mx x2c.eu x2c.eumx xaddr.com xav.cc xeeurl.com xgd.in xib.me
	xl8.eu xn.to xoe.cz xrds.ca xrl.in xrl.us xt3.me xua.me xub.me xurl.es xurl.jp xurls.co xzb.cc yagoa.fr yagoa.me yal.su yau.sh ye.ro yeca.eu yect.com yep.it yhoo.it yiyd.com yogh.me yon.ir youfap.me yourl.fr 
	youshouldprobablyclickthis.link ysear.ch yuarel.com yweb.com yyv.co z0p.de z9.fr zapit.nu zcu.io zee.gl zeek.ir zi.ma zi.mu zi.pe zip.pe zipmyurl.com zkr.cz zoodl.com zpag.es zpr.io zti.me zud.me zurl.io zurl.ir zurl.ws zws.im zxq.net zyva.org zz.gd zzang.kr zzb.bz 0x3.me`)
