-- A spool as commit d3cb6e5 wrote it, at revision 0002 of the schema: its database as SQL text.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE call_jobs (
	call VARCHAR(40) NOT NULL, 
	job INTEGER NOT NULL, 
	PRIMARY KEY (call, job), 
	FOREIGN KEY(call) REFERENCES calls (id), 
	FOREIGN KEY(job) REFERENCES jobs (id)
);
INSERT INTO "call_jobs" VALUES('1-1',1);
INSERT INTO "call_jobs" VALUES('2-1',2);
INSERT INTO "call_jobs" VALUES('3-1',3);
INSERT INTO "call_jobs" VALUES('9-1',9);
INSERT INTO "call_jobs" VALUES('11-1',11);
INSERT INTO "call_jobs" VALUES('12-1',12);
INSERT INTO "call_jobs" VALUES('13-1',13);
INSERT INTO "call_jobs" VALUES('15-1',15);
CREATE TABLE calls (
	id VARCHAR(40) NOT NULL, 
	port VARCHAR(40) NOT NULL, 
	number VARCHAR(80) NOT NULL, 
	started BIGINT NOT NULL, 
	ended BIGINT, 
	cause VARCHAR(40), 
	text TEXT, 
	line_seconds FLOAT, 
	next_n INTEGER NOT NULL, 
	"offset" BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "calls" VALUES('1-1','line1','5552001',1795184084214971,1795184084314718,'ok','It ended.',NULL,15,600);
INSERT INTO "calls" VALUES('2-1','line1','5552001',1795184084390899,1795184084469348,'line-lost','It ended.',NULL,10,400);
INSERT INTO "calls" VALUES('3-1','line1','5552003',1795184084497693,1795184084510296,'busy','It ended.',NULL,4,160);
INSERT INTO "calls" VALUES('9-1','line1','5552009',1795184084626595,NULL,NULL,NULL,NULL,9,400);
INSERT INTO "calls" VALUES('11-1','line1','5552011',1795184084823097,1795184084967613,'line-lost','It ended.',NULL,7,280);
INSERT INTO "calls" VALUES('12-1','line1','5552012',1795184085052744,1795184085089994,'port-died','The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived.',0.0,6,240);
INSERT INTO "calls" VALUES('13-1','line1','5552013',1795184085126791,NULL,NULL,NULL,NULL,0,0);
INSERT INTO "calls" VALUES('15-1','line1','5552015',1795184085166534,1795184085183394,'not-dialled','The port process ended before it dialled',NULL,0,0);
CREATE TABLE documents (
	id VARCHAR(64) NOT NULL, 
	type VARCHAR(100) NOT NULL, 
	pages INTEGER, 
	octets BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	touched BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "documents" VALUES('dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','application/pdf',3,9,'report.pdf',1795184084132432);
INSERT INTO "documents" VALUES('eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','application/pdf',3,9,'report.pdf',1795184084147164);
CREATE TABLE events (
	cursor INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	job INTEGER, 
	call VARCHAR(40), 
	page INTEGER, 
	pages INTEGER, 
	state VARCHAR(20), 
	text TEXT NOT NULL, port VARCHAR(40), device INTEGER, code INTEGER, 
	FOREIGN KEY(job) REFERENCES jobs (id)
);
INSERT INTO "events" VALUES(1,1795184084153380,'accepted',1,NULL,NULL,NULL,'preparing','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(2,1795184084187065,'prepared',1,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(3,1795184084263358,'dialling',1,'1-1',NULL,3,NULL,'Dialling 5552001',NULL,NULL,NULL);
INSERT INTO "events" VALUES(4,1795184084263358,'connected',1,'1-1',NULL,3,NULL,'A fax machine answered',NULL,NULL,NULL);
INSERT INTO "events" VALUES(5,1795184084263358,'trained',1,'1-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction',NULL,NULL,NULL);
INSERT INTO "events" VALUES(6,1795184084263358,'page-sending',1,'1-1',1,3,NULL,'Sending page 1 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(7,1795184084263358,'page-confirmed',1,'1-1',1,3,NULL,'Page 1 of 3 was received (MCF)',NULL,NULL,NULL);
INSERT INTO "events" VALUES(8,1795184084263358,'page-sending',1,'1-1',2,3,NULL,'Sending page 2 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(9,1795184084263358,'page-confirmed',1,'1-1',2,3,NULL,'Page 2 of 3 was received with some damage (RTP)',NULL,NULL,NULL);
INSERT INTO "events" VALUES(10,1795184084263358,'page-sending',1,'1-1',3,3,NULL,'Sending page 3 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(11,1795184084263358,'page-confirmed',1,'1-1',3,3,NULL,'Page 3 of 3 was received (MCF)',NULL,NULL,NULL);
INSERT INTO "events" VALUES(12,1795184084314933,'call-ended',1,'1-1',NULL,NULL,NULL,'It ended.',NULL,NULL,NULL);
INSERT INTO "events" VALUES(13,1795184084314933,'done',1,NULL,NULL,NULL,'done','Sent',NULL,NULL,NULL);
INSERT INTO "events" VALUES(14,1795184084334995,'accepted',2,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(15,1795184084334995,'prepared',2,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(16,1795184084407106,'dialling',2,'2-1',NULL,3,NULL,'Dialling 5552001',NULL,NULL,NULL);
INSERT INTO "events" VALUES(17,1795184084407106,'connected',2,'2-1',NULL,3,NULL,'A fax machine answered',NULL,NULL,NULL);
INSERT INTO "events" VALUES(18,1795184084407106,'trained',2,'2-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction',NULL,NULL,NULL);
INSERT INTO "events" VALUES(19,1795184084407106,'page-sending',2,'2-1',1,3,NULL,'Sending page 1 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(20,1795184084407106,'page-confirmed',2,'2-1',1,3,NULL,'Page 1 of 3 was received (MCF)',NULL,NULL,NULL);
INSERT INTO "events" VALUES(21,1795184084407106,'page-sending',2,'2-1',2,3,NULL,'Sending page 2 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(22,1795184084469478,'page-uncertain',2,'2-1',2,3,NULL,'Whether page 2 of 3 arrived is not known',NULL,NULL,NULL);
INSERT INTO "events" VALUES(23,1795184084469478,'call-ended',2,'2-1',NULL,NULL,NULL,'It ended.',NULL,NULL,NULL);
INSERT INTO "events" VALUES(24,1795184084469478,'failed',2,NULL,NULL,NULL,'failed','It ended',NULL,NULL,NULL);
INSERT INTO "events" VALUES(25,1795184084487021,'accepted',3,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(26,1795184084487021,'prepared',3,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(27,1795184084507470,'dialling',3,'3-1',NULL,3,NULL,'Dialling 5552003',NULL,NULL,NULL);
INSERT INTO "events" VALUES(28,1795184084510396,'call-ended',3,'3-1',NULL,NULL,NULL,'It ended.',NULL,NULL,NULL);
INSERT INTO "events" VALUES(29,1795184084510396,'waiting',3,NULL,NULL,NULL,'waiting','It ended; next try at 14:17',NULL,NULL,NULL);
INSERT INTO "events" VALUES(30,1795184084524192,'accepted',4,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(31,1795184084524192,'prepared',4,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(32,1795184084524192,'accepted',5,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(33,1795184084524192,'prepared',5,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(34,1795184084540191,'accepted',6,NULL,NULL,NULL,'preparing','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(35,1795184084548318,'accepted',7,NULL,NULL,NULL,'address','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(36,1795184084548318,'prepared',7,NULL,NULL,3,'address','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(37,1795184084563174,'accepted',8,NULL,NULL,NULL,'held','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(38,1795184084563174,'prepared',8,NULL,NULL,3,'held','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(39,1795184084584061,'accepted',9,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(40,1795184084584061,'prepared',9,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(41,1795184084647527,'dialling',9,'9-1',NULL,3,NULL,'Dialling 5552009',NULL,NULL,NULL);
INSERT INTO "events" VALUES(42,1795184084647527,'connected',9,'9-1',NULL,3,NULL,'A fax machine answered',NULL,NULL,NULL);
INSERT INTO "events" VALUES(43,1795184084647527,'trained',9,'9-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction',NULL,NULL,NULL);
INSERT INTO "events" VALUES(44,1795184084647527,'page-sending',9,'9-1',1,3,NULL,'Sending page 1 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(45,1795184084647527,'page-confirmed',9,'9-1',1,3,NULL,'Page 1 of 3 was received (MCF)',NULL,NULL,NULL);
INSERT INTO "events" VALUES(46,1795184084647527,'page-sending',9,'9-1',2,3,NULL,'Sending page 2 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(47,1795184084686985,'accepted',10,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(48,1795184084686985,'prepared',10,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(49,1795184084798690,'cancelled',10,NULL,NULL,NULL,'cancelled','Cancelled',NULL,NULL,NULL);
INSERT INTO "events" VALUES(50,1795184084804392,'accepted',11,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(51,1795184084804392,'prepared',11,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(52,1795184084835343,'dialling',11,'11-1',NULL,3,NULL,'Dialling 5552011',NULL,NULL,NULL);
INSERT INTO "events" VALUES(53,1795184084835343,'connected',11,'11-1',NULL,3,NULL,'A fax machine answered',NULL,NULL,NULL);
INSERT INTO "events" VALUES(54,1795184084835343,'trained',11,'11-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction',NULL,NULL,NULL);
INSERT INTO "events" VALUES(55,1795184084835343,'page-sending',11,'11-1',1,3,NULL,'Sending page 1 of 3',NULL,NULL,NULL);
INSERT INTO "events" VALUES(56,1795184084968071,'call-ended',11,'11-1',NULL,NULL,NULL,'It ended.',NULL,NULL,NULL);
INSERT INTO "events" VALUES(57,1795184084968071,'waiting',11,NULL,NULL,NULL,'waiting','It ended; next try at 14:24',NULL,NULL,NULL);
INSERT INTO "events" VALUES(58,1795184084991047,'accepted',12,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(59,1795184084991047,'prepared',12,NULL,NULL,4,'waiting','Prepared: 4 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(60,1795184085069030,'dialling',12,'12-1',NULL,4,NULL,'Dialling 5552012',NULL,NULL,NULL);
INSERT INTO "events" VALUES(61,1795184085069030,'connected',12,'12-1',NULL,4,NULL,'A fax machine answered',NULL,NULL,NULL);
INSERT INTO "events" VALUES(62,1795184085069030,'trained',12,'12-1',NULL,4,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction',NULL,NULL,NULL);
INSERT INTO "events" VALUES(63,1795184085069030,'page-sending',12,'12-1',1,4,NULL,'Sending page 1 of 4',NULL,NULL,NULL);
INSERT INTO "events" VALUES(64,1795184085090297,'page-uncertain',12,'12-1',1,4,NULL,'Whether page 1 of 4 arrived is not known',NULL,NULL,NULL);
INSERT INTO "events" VALUES(65,1795184085090297,'call-ended',12,'12-1',NULL,NULL,NULL,'The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived.',NULL,NULL,NULL);
INSERT INTO "events" VALUES(66,1795184085090297,'waiting',12,NULL,NULL,NULL,'waiting','The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived; next try at 14:24',NULL,NULL,NULL);
INSERT INTO "events" VALUES(67,1795184085110827,'accepted',13,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(68,1795184085110827,'prepared',13,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(69,1795184085147120,'failed',14,NULL,NULL,NULL,'failed','It is not a folder',NULL,NULL,NULL);
INSERT INTO "events" VALUES(70,1795184085152313,'accepted',15,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(71,1795184085152313,'prepared',15,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
INSERT INTO "events" VALUES(72,1795184085183394,'waiting',15,NULL,NULL,NULL,'waiting','The port process ended before it dialled',NULL,NULL,NULL);
INSERT INTO "events" VALUES(73,1795184085202747,'accepted',16,NULL,NULL,NULL,'waiting','Accepted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(74,1795184085202747,'prepared',16,NULL,NULL,3,'waiting','Prepared: 3 pages',NULL,NULL,NULL);
CREATE TABLE job_pages (
	job INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	width INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	cover BOOLEAN NOT NULL, 
	fate VARCHAR(20) NOT NULL, 
	call VARCHAR(40), 
	refusals INTEGER NOT NULL, 
	maybe_printed BOOLEAN NOT NULL, 
	PRIMARY KEY (job, number), 
	FOREIGN KEY(job) REFERENCES jobs (id)
);
INSERT INTO "job_pages" VALUES(1,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'confirmed','1-1',0,0);
INSERT INTO "job_pages" VALUES(1,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'damaged','1-1',0,0);
INSERT INTO "job_pages" VALUES(1,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'confirmed','1-1',0,0);
INSERT INTO "job_pages" VALUES(2,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'confirmed','2-1',0,0);
INSERT INTO "job_pages" VALUES(2,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'uncertain','2-1',0,1);
INSERT INTO "job_pages" VALUES(2,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(3,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(3,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(3,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(9,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'confirmed','9-1',0,0);
INSERT INTO "job_pages" VALUES(9,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(9,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(11,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'refused','11-1',1,0);
INSERT INTO "job_pages" VALUES(11,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(11,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(12,1,'covers/12-cccc.tif',0,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',1728,1100,1,'uncertain','12-1',0,1);
INSERT INTO "job_pages" VALUES(12,2,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(12,3,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(12,4,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(13,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(13,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(13,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(15,1,'masters/ab/m.tif',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(15,2,'masters/ab/m.tif',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000,0,'not-sent',NULL,0,0);
INSERT INTO "job_pages" VALUES(15,3,'masters/ab/m.tif',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000,0,'not-sent',NULL,0,0);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	submission VARCHAR(32) NOT NULL, 
	user TEXT NOT NULL, 
	title TEXT NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	held BOOLEAN NOT NULL, 
	prepared BOOLEAN NOT NULL, 
	cancelling BOOLEAN NOT NULL, 
	number VARCHAR(80), 
	recipient TEXT NOT NULL, 
	sender TEXT NOT NULL, 
	cover TEXT, 
	resolution VARCHAR(20) NOT NULL, 
	master VARCHAR(64), 
	created BIGINT NOT NULL, 
	reason TEXT, 
	cause VARCHAR(40), 
	until BIGINT, 
	attempts INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	call VARCHAR(40), 
	frozen BOOLEAN NOT NULL, 
	pages_total INTEGER, 
	pages_confirmed INTEGER NOT NULL, type VARCHAR(20) DEFAULT 'send' NOT NULL, priority INTEGER DEFAULT '1' NOT NULL, schedule VARCHAR(20) DEFAULT 'now' NOT NULL, schedule_at BIGINT, give_up_at BIGINT, retries INTEGER, retry_delay_s FLOAT, billing_code TEXT DEFAULT '' NOT NULL, tsid VARCHAR(20) DEFAULT '' NOT NULL, report VARCHAR(20) DEFAULT 'none' NOT NULL, report_address TEXT DEFAULT '' NOT NULL, port_group VARCHAR(40) DEFAULT '' NOT NULL, poll TEXT, octets BIGINT DEFAULT '0' NOT NULL, claimed BOOLEAN DEFAULT '0' NOT NULL, submitter TEXT DEFAULT '' NOT NULL, ended BIGINT, 
	CONSTRAINT jobs_id_32_bit CHECK (id < 2147483648), 
	FOREIGN KEY(master) REFERENCES masters ("key"), 
	FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO "jobs" VALUES(1,'73bf5331e9b8434e9fa56e826e00bf44','ann','Letter','done',0,1,0,'5552001','{"number":"5552001","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084153380,NULL,NULL,NULL,1,1,NULL,1,3,3,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',1795184084314933);
INSERT INTO "jobs" VALUES(2,'dfd809d43e2e4c4fa295690cf729b5a5','ann','Letter','failed',0,1,0,'5552001','{"number":"5552001","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084334995,'It ended','line-lost',NULL,1,1,NULL,1,3,1,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',1795184084469478);
INSERT INTO "jobs" VALUES(3,'4606aefd27684fcba807ba193c2336ba','ann','Letter','waiting',0,1,0,'5552003','{"number":"5552003","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084487021,'It ended; next try at 14:17','busy',1795184264510396,1,1,NULL,1,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(4,'a1d8a8fd5a914c5d8a54abdcc4ee495d','ann','Letter','waiting',0,1,0,'5552004','{"number":"5552004","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084524192,NULL,NULL,NULL,0,0,NULL,0,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(5,'a1d8a8fd5a914c5d8a54abdcc4ee495d','ann','Letter','waiting',0,1,0,'5552005','{"number":"5552005","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084524192,NULL,NULL,NULL,0,0,NULL,0,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(6,'cf645bac0d344cdbbdfa598d83daf77a','ann','Letter','preparing',0,0,0,'5552006','{"number":"5552006","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','abd77b20e7624abd39b435c0276e04dfc38642a90b08ef5410ebd6aa37fb8758',1795184084540191,NULL,NULL,NULL,0,0,NULL,0,NULL,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(7,'fbc8b97699344bd1888732d9977a8d28','ann','Letter','address',0,1,0,NULL,'{"number":null,"name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084548318,NULL,NULL,NULL,0,0,NULL,0,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(8,'1591b9c9634643328faddaf90b1815e8','ann','Letter','held',1,1,0,'5552008','{"number":"5552008","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084563174,NULL,NULL,NULL,0,0,NULL,0,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(9,'7f52c5690bf4445eb8f5391f5239c9f5','ann','Letter','sending',0,1,0,'5552009','{"number":"5552009","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084584061,NULL,NULL,NULL,1,0,'9-1',1,3,1,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(10,'2d3c56401bcf4d4fbeaa8d32dd8d27d4','ann','Letter','cancelled',0,1,0,'5552010','{"number":"5552010","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084686985,'Cancelled','cancelled',NULL,0,0,NULL,0,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',1795184084798690);
INSERT INTO "jobs" VALUES(11,'02526fca37ac468cb2de3ea7043aa711','ann','Letter','waiting',0,1,0,'5552011','{"number":"5552011","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084804392,'It ended; next try at 14:24','line-lost',1795184684968071,1,1,NULL,1,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(12,'52868c0c6b244212b32d8a7d82269100','ann','Letter','waiting',0,1,0,'5552012','{"number":"5552012","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"template":"default","subject":"Offer","note":"As we said."}','fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184084991047,'The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived; next try at 14:24','port-died',1795184685090297,1,1,NULL,1,4,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(13,'05f6f10d3d4c4488a9c4584d2ea34b23','bob','Letter','sending',0,1,1,'5552013','{"number":"5552013","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184085110827,'Being cancelled',NULL,NULL,1,0,'13-1',1,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'bob',NULL);
INSERT INTO "jobs" VALUES(14,'6266c871d3044cd9ae54639dbdbb19ec','bob','','failed',0,0,0,'5','{"number":"5","name":"","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine',NULL,1795184085147120,'It is not a folder','bad-request',NULL,0,0,NULL,0,NULL,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,0,0,'',1795184085147120);
INSERT INTO "jobs" VALUES(15,'6abcd3942e7947f6ae87a43ffc96baaa','ann','Letter','waiting',0,1,0,'5552015','{"number":"5552015","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184085152313,'The port process ended before it dialled','not-dialled',1795184085183163,1,0,NULL,1,3,0,'send',1,'now',NULL,NULL,NULL,NULL,'','','none','','',NULL,9,0,'ann',NULL);
INSERT INTO "jobs" VALUES(16,'e9904bc0dba747ce960d27877274a1e6','ann','Letter','waiting',0,1,0,'5552016','{"number":"5552016","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":"","sub_address":"","password":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184085202747,NULL,NULL,NULL,0,0,NULL,0,3,0,'send',2,'at',1893553445678901,1893639845678901,7,61.5,'4711','+49 30 1','email','ann@example.org','sales',NULL,9,0,'ann',NULL);
CREATE TABLE ledger (
	call VARCHAR(40) NOT NULL, 
	n INTEGER NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	t FLOAT NOT NULL, 
	fields TEXT NOT NULL, 
	PRIMARY KEY (call, n), 
	FOREIGN KEY(call) REFERENCES calls (id)
);
INSERT INTO "ledger" VALUES('1-1',0,'begin',0.0,'{"call":"1-1"}');
INSERT INTO "ledger" VALUES('1-1',2,'dialling',0.0,'{"number":"5552001"}');
INSERT INTO "ledger" VALUES('1-1',3,'connected',0.0,'{}');
INSERT INTO "ledger" VALUES('1-1',4,'trained',0.0,'{"rate_bps":14400,"modulation":"V.17","coding":"mmr","ecm":true}');
INSERT INTO "ledger" VALUES('1-1',5,'page-intent',0.0,'{"job":1,"number":1,"digest":"0000000000000000000000000000000000000000000000000000000000000000","index":0}');
INSERT INTO "ledger" VALUES('1-1',7,'page-answer',0.0,'{"job":1,"number":1,"fate":"confirmed","by":"MCF"}');
INSERT INTO "ledger" VALUES('1-1',8,'page-intent',0.0,'{"job":1,"number":2,"digest":"0000000000000000000000000000000000000000000000000000000000000001","index":1}');
INSERT INTO "ledger" VALUES('1-1',10,'page-answer',0.0,'{"job":1,"number":2,"fate":"damaged","by":"RTP"}');
INSERT INTO "ledger" VALUES('1-1',11,'page-intent',0.0,'{"job":1,"number":3,"digest":"0000000000000000000000000000000000000000000000000000000000000002","index":2}');
INSERT INTO "ledger" VALUES('1-1',13,'page-answer',0.0,'{"job":1,"number":3,"fate":"confirmed","by":"MCF"}');
INSERT INTO "ledger" VALUES('1-1',14,'end',0.0,'{"outcome":{"cause":"ok","phase":"d","fault":"line","retry":"no-need","text":"It ended.","pages":[{"job":1,"number":1,"fate":"confirmed"},{"job":1,"number":2,"fate":"damaged"},{"job":1,"number":3,"fate":"confirmed"}],"figures":{"line_seconds":null,"rate_bps":null,"modulation":null,"coding":null,"ecm":null,"ecm_frames_resent":0,"far_ident":null},"advice":"","code":"","fetched":[],"memory":null}}');
INSERT INTO "ledger" VALUES('2-1',0,'begin',0.0,'{"call":"2-1"}');
INSERT INTO "ledger" VALUES('2-1',2,'dialling',0.0,'{"number":"5552001"}');
INSERT INTO "ledger" VALUES('2-1',3,'connected',0.0,'{}');
INSERT INTO "ledger" VALUES('2-1',4,'trained',0.0,'{"rate_bps":14400,"modulation":"V.17","coding":"mmr","ecm":true}');
INSERT INTO "ledger" VALUES('2-1',5,'page-intent',0.0,'{"job":2,"number":1,"digest":"0000000000000000000000000000000000000000000000000000000000000000","index":0}');
INSERT INTO "ledger" VALUES('2-1',7,'page-answer',0.0,'{"job":2,"number":1,"fate":"confirmed","by":"MCF"}');
INSERT INTO "ledger" VALUES('2-1',8,'page-intent',0.0,'{"job":2,"number":2,"digest":"0000000000000000000000000000000000000000000000000000000000000001","index":1}');
INSERT INTO "ledger" VALUES('2-1',9,'end',0.0,'{"outcome":{"cause":"line-lost","phase":"d","fault":"line","retry":"never","text":"It ended.","pages":[{"job":2,"number":1,"fate":"confirmed"},{"job":2,"number":2,"fate":"uncertain"},{"job":2,"number":3,"fate":"not-sent"}],"figures":{"line_seconds":null,"rate_bps":null,"modulation":null,"coding":null,"ecm":null,"ecm_frames_resent":0,"far_ident":null},"advice":"","code":"","fetched":[],"memory":null}}');
INSERT INTO "ledger" VALUES('3-1',0,'begin',0.0,'{"call":"3-1"}');
INSERT INTO "ledger" VALUES('3-1',2,'dialling',0.0,'{"number":"5552003"}');
INSERT INTO "ledger" VALUES('3-1',3,'end',0.0,'{"outcome":{"cause":"busy","phase":"d","fault":"line","retry":"soon","text":"It ended.","pages":[{"job":3,"number":1,"fate":"not-sent"},{"job":3,"number":2,"fate":"not-sent"},{"job":3,"number":3,"fate":"not-sent"}],"figures":{"line_seconds":null,"rate_bps":null,"modulation":null,"coding":null,"ecm":null,"ecm_frames_resent":0,"far_ident":null},"advice":"","code":"","fetched":[],"memory":null}}');
INSERT INTO "ledger" VALUES('9-1',0,'begin',0.0,'{"call":"9-1"}');
INSERT INTO "ledger" VALUES('9-1',2,'dialling',0.0,'{"number":"5552009"}');
INSERT INTO "ledger" VALUES('9-1',3,'connected',0.0,'{}');
INSERT INTO "ledger" VALUES('9-1',4,'trained',0.0,'{"rate_bps":14400,"modulation":"V.17","coding":"mmr","ecm":true}');
INSERT INTO "ledger" VALUES('9-1',5,'page-intent',0.0,'{"job":9,"number":1,"digest":"0000000000000000000000000000000000000000000000000000000000000000","index":0}');
INSERT INTO "ledger" VALUES('9-1',7,'page-answer',0.0,'{"job":9,"number":1,"fate":"confirmed","by":"MCF"}');
INSERT INTO "ledger" VALUES('9-1',8,'page-intent',0.0,'{"job":9,"number":2,"digest":"0000000000000000000000000000000000000000000000000000000000000001","index":1}');
INSERT INTO "ledger" VALUES('11-1',0,'begin',0.0,'{"call":"11-1"}');
INSERT INTO "ledger" VALUES('11-1',2,'dialling',0.0,'{"number":"5552011"}');
INSERT INTO "ledger" VALUES('11-1',3,'connected',0.0,'{}');
INSERT INTO "ledger" VALUES('11-1',4,'trained',0.0,'{"rate_bps":14400,"modulation":"V.17","coding":"mmr","ecm":true}');
INSERT INTO "ledger" VALUES('11-1',5,'page-intent',0.0,'{"job":11,"number":1,"digest":"0000000000000000000000000000000000000000000000000000000000000000","index":0}');
INSERT INTO "ledger" VALUES('11-1',6,'end',0.0,'{"outcome":{"cause":"line-lost","phase":"d","fault":"line","retry":"later","text":"It ended.","pages":[{"job":11,"number":1,"fate":"refused"},{"job":11,"number":2,"fate":"not-sent"},{"job":11,"number":3,"fate":"not-sent"}],"figures":{"line_seconds":null,"rate_bps":null,"modulation":null,"coding":null,"ecm":null,"ecm_frames_resent":0,"far_ident":null},"advice":"","code":"","fetched":[],"memory":null}}');
INSERT INTO "ledger" VALUES('12-1',0,'begin',0.0,'{"call":"12-1"}');
INSERT INTO "ledger" VALUES('12-1',2,'dialling',0.0,'{"number":"5552012"}');
INSERT INTO "ledger" VALUES('12-1',3,'connected',0.0,'{}');
INSERT INTO "ledger" VALUES('12-1',4,'trained',0.0,'{"rate_bps":14400,"modulation":"V.17","coding":"mmr","ecm":true}');
INSERT INTO "ledger" VALUES('12-1',5,'page-intent',0.0,'{"job":12,"number":1,"digest":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","index":0}');
CREATE TABLE master_documents (
	master VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	document VARCHAR(64) NOT NULL, 
	PRIMARY KEY (master, position), 
	FOREIGN KEY(document) REFERENCES documents (id), 
	FOREIGN KEY(master) REFERENCES masters ("key")
);
INSERT INTO "master_documents" VALUES('ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',0,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd');
INSERT INTO "master_documents" VALUES('abd77b20e7624abd39b435c0276e04dfc38642a90b08ef5410ebd6aa37fb8758',0,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
CREATE TABLE master_pages (
	master VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	width INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	PRIMARY KEY (master, position), 
	FOREIGN KEY(master) REFERENCES masters ("key")
);
INSERT INTO "master_pages" VALUES('ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',0,'0000000000000000000000000000000000000000000000000000000000000000',1728,1000);
INSERT INTO "master_pages" VALUES('ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1,'0000000000000000000000000000000000000000000000000000000000000001',1728,1000);
INSERT INTO "master_pages" VALUES('ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',2,'0000000000000000000000000000000000000000000000000000000000000002',1728,1000);
CREATE TABLE masters (
	"key" VARCHAR(64) NOT NULL, 
	resolution VARCHAR(20) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	tries INTEGER NOT NULL, 
	retry_at BIGINT, 
	cause VARCHAR(40), 
	text TEXT, 
	PRIMARY KEY ("key")
);
INSERT INTO "masters" VALUES('ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc','fine','ready',0,NULL,NULL,NULL);
INSERT INTO "masters" VALUES('abd77b20e7624abd39b435c0276e04dfc38642a90b08ef5410ebd6aa37fb8758','fine','wanted',0,NULL,NULL,NULL);
CREATE TABLE submissions (
	id VARCHAR(32) NOT NULL, 
	user TEXT NOT NULL, 
	submitter TEXT NOT NULL, 
	"key" VARCHAR(255), 
	refused TEXT, 
	created BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT submissions_by_key UNIQUE (user, "key")
);
INSERT INTO "submissions" VALUES('73bf5331e9b8434e9fa56e826e00bf44','ann','ann','cups:1',NULL,1795184084153380);
INSERT INTO "submissions" VALUES('dfd809d43e2e4c4fa295690cf729b5a5','ann','ann',NULL,NULL,1795184084334995);
INSERT INTO "submissions" VALUES('4606aefd27684fcba807ba193c2336ba','ann','ann',NULL,NULL,1795184084487021);
INSERT INTO "submissions" VALUES('a1d8a8fd5a914c5d8a54abdcc4ee495d','ann','ann','two',NULL,1795184084524192);
INSERT INTO "submissions" VALUES('cf645bac0d344cdbbdfa598d83daf77a','ann','ann',NULL,NULL,1795184084540191);
INSERT INTO "submissions" VALUES('fbc8b97699344bd1888732d9977a8d28','ann','ann',NULL,NULL,1795184084548318);
INSERT INTO "submissions" VALUES('1591b9c9634643328faddaf90b1815e8','ann','ann',NULL,NULL,1795184084563174);
INSERT INTO "submissions" VALUES('7f52c5690bf4445eb8f5391f5239c9f5','ann','ann',NULL,NULL,1795184084584061);
INSERT INTO "submissions" VALUES('2d3c56401bcf4d4fbeaa8d32dd8d27d4','ann','ann',NULL,NULL,1795184084686985);
INSERT INTO "submissions" VALUES('02526fca37ac468cb2de3ea7043aa711','ann','ann',NULL,NULL,1795184084804392);
INSERT INTO "submissions" VALUES('52868c0c6b244212b32d8a7d82269100','ann','ann',NULL,NULL,1795184084991047);
INSERT INTO "submissions" VALUES('05f6f10d3d4c4488a9c4584d2ea34b23','bob','bob',NULL,NULL,1795184085110827);
INSERT INTO "submissions" VALUES('6266c871d3044cd9ae54639dbdbb19ec','bob','bob','in','It is not a folder',1795184085147120);
INSERT INTO "submissions" VALUES('6abcd3942e7947f6ae87a43ffc96baaa','ann','ann',NULL,NULL,1795184085152313);
INSERT INTO "submissions" VALUES('e9904bc0dba747ce960d27877274a1e6','ann','ann',NULL,NULL,1795184085202747);
CREATE INDEX calls_by_ended ON calls (ended);
CREATE INDEX masters_by_state ON masters (state);
CREATE INDEX jobs_by_master ON jobs (master);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_by_submission ON jobs (submission);
CREATE INDEX jobs_by_user ON jobs (user, id);
CREATE INDEX master_documents_by_document ON master_documents (document);
CREATE INDEX call_jobs_by_job ON call_jobs (job);
CREATE INDEX events_by_job ON events (job, cursor);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',16);
INSERT INTO "sqlite_sequence" VALUES('events',74);
COMMIT;
