package simpleschema

// The tables below are those of github.com/gobuffalo/flect v1.0.3, under this licence:
//
// The MIT License (MIT)
//
// Copyright (c) 2019 Mark Bates
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.

// pluralWords are the words with a plural of their own, by commas: the word, its
// plural, and another plural that is left as it is. One with = before it is no end of
// another word. One with - behind it is no plural's only singular.
const pluralWords = `aircraft aircraft,beef beef beefs,bison bison,blues blues -,chassis chassis,deer deer,fish fish fishes,moose moose,police police
salmon salmon salmons,series series,sheep sheep,shrimp shrimp shrimps,species species,swine swine swines,trout trout trouts,tuna tuna tunas
you you,child children,=ox oxen,foot feet,goose geese,man men,human humans,=louse lice,mouse mice,tooth teeth,woman women,=die dice
person people,adieu adieux adieus,fabliau fabliaux,bureau bureaus bureaux,criterion criteria,ganglion ganglia ganglions
lexicon lexica lexicons,mitochondrion mitochondria mitochondrions,noumenon noumena,phenomenon phenomena,taxon taxa,media media
medium media -,stadium stadiums stadia,aquarium aquaria aquariums,auditorium auditoria auditoriums,symposium symposia symposiums
curriculum curriculums curricula,quota quotas,alumnus alumni alumnuses,bacillus bacilli,cactus cacti cactuses,coccus cocci
focus foci focuses,locus loci locuses,nucleus nuclei nucleuses,octopus octupuses octopi,radius radii radiuses,syllabus syllabi
corpus corpora corpuses,genus genera,alumna alumnae,vertebra vertebrae,differentia differentiae,minutia minutiae,vita vitae,larva larvae
postcava postcavae,praecava praecavae,uva uvae,apex apices apexes,codex codices codexes,index indices indexes,latex latices latexes
vertex vertices vertexes,vortex vortices vortexes,appendix appendices appendixes,radix radices radixes,helix helices helixes,=axis axes
crisis crises,ellipsis ellipses -,genesis geneses,oasis oases,thesis theses,testis testes,base bases,basis bases -,=alias aliases
vedalia vedalias,=use uses,abuse abuses,cause causes,clause clauses,cruse cruses,excuse excuses,fuse fuses,house houses,misuse misuses
muse muses,pause pauses,ache aches,topaz topazes,buffalo buffaloes buffalos,potato potatoes,tomato tomatoes,equipment equipment
information information,jeans jeans,money money,news news,rice rice,dwarf dwarfs dwarves,hoof hoofs hooves,thief thieves,chive chives
hive hives,move moves,movie movies,cookie cookies,pretorium pretoriums,agenda agendas,formula formulas formulae,shoe shoes,=toe toes
graffiti graffiti,=ID IDs`

// pluralEnds are the ends of words and those of their plurals. The first counts.
const pluralEnds = `tive tives,eaf eaves,oaf oaves,afe aves,arf arves,rfe rves,rf rves,lf lves,fe ves,ay ays,ey eys,oy oys,quy quies,uy uys,y ies,eau eaux
bula bulae,dula bulae,lula bulae,nula bulae,vula bulae,hedron hedra,ium ia,seum seums,eum ea,oum oa,stracum straca,dum da,elum ela,ilum ila
olum ola,ulum ula,llum lla,ylum yla,imum ima,ernum erna,gnum gna,brum bra,crum cra,terum tera,serum sera,trum tra,antum anta,atum ata
entum enta,etum eta,itum ita,otum ota,utum uta,ctum cta,ovum ova,trix trices,iasis iases,mesis meses,kinesis kineses,resis reses
gnosis gnoses,opsis opses,ysis yses,ouse ouses,lause lauses,us uses,ch ches,io ios,sh shes,ss sses,ez ezzes,iz izzes,tz tzes,zz zzes
ano anos,lo los,to tos,oo oos,o oes,x xes,S Ses`

// acronyms are taken in capitals before an end is looked for, which leaves most of
// them alone.
const acronyms = `ACK ACL ADSL AES ANSI API ARP ATM BGP BSS CCITT CHAP CIDR CIR CLI CMOS CPE CPU CRC CRT CSMA DCE DEC DES DHCP DMI DNS DRAM DSL DSLAM DTE EHA
EIA EIGRP EOF ESS FCC FCS FDDI FTP GBIC GEPOF HDLC HTML HTTP HTTPS IANA ICMP ID IDF IDS IEEE IETF IMAP IP IPS ISDN ISP JSON JWT LACP LAN
LAPB LAPF LLC MAC MC MDF MIB MPLS MTU NAC NAT NBMA NIC NRZ NRZI NVRAM OK OSI OSPF OUI PAP PAT PC PCM PDU PIM POP3 POTS PPP PPTP PTT PVST RAM
RARP RCP RFC RIP RLL ROM RSTP RTP SDLC SFD SFP SLARP SLIP SMTP SNA SNAP SNMP SOF SQL SRAM SSH SSID STP SYN TDM TFTP TIA TOFU UDP URI URL USB
UTF8 UTP UUID VC VLAN VLSM VPN W3C WAN WEP WPA WWW`
