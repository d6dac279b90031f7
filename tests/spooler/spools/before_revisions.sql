-- A spool as commit cf2133c wrote it, before the schema had revisions: its database as SQL text.
BEGIN TRANSACTION;
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
INSERT INTO "calls" VALUES('1-1','line1','5552001',1795184080127210,1795184080215859,'ok','It ended.',NULL,15,600);
INSERT INTO "calls" VALUES('2-1','line1','5552001',1795184080266597,1795184080311688,'line-lost','It ended.',NULL,10,400);
INSERT INTO "calls" VALUES('3-1','line1','5552003',1795184080354777,1795184080383083,'busy','It ended.',NULL,4,160);
INSERT INTO "calls" VALUES('9-1','line1','5552009',1795184080478894,NULL,NULL,NULL,NULL,9,400);
INSERT INTO "calls" VALUES('11-1','line1','5552011',1795184080600911,1795184080658078,'line-lost','It ended.',NULL,7,280);
INSERT INTO "calls" VALUES('12-1','line1','5552012',1795184080718970,1795184080752522,'port-died','The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived.',0.0,6,240);
INSERT INTO "calls" VALUES('13-1','line1','5552013',1795184080799904,NULL,NULL,NULL,NULL,0,0);
INSERT INTO "calls" VALUES('15-1','line1','5552015',1795184080871530,1795184080884547,'not-dialled','The port process ended before it dialled',NULL,0,0);
CREATE TABLE documents (
	id VARCHAR(64) NOT NULL, 
	type VARCHAR(100) NOT NULL, 
	pages INTEGER, 
	octets BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	touched BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "documents" VALUES('dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','application/pdf',3,9,'report.pdf',1795184080028216);
INSERT INTO "documents" VALUES('eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','application/pdf',3,9,'report.pdf',1795184080038061);
CREATE TABLE events (
	cursor INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	job INTEGER, 
	call VARCHAR(40), 
	page INTEGER, 
	pages INTEGER, 
	state VARCHAR(20), 
	text TEXT NOT NULL, 
	FOREIGN KEY(job) REFERENCES jobs (id)
);
INSERT INTO "events" VALUES(1,1795184080046610,'accepted',1,NULL,NULL,NULL,'preparing','Accepted');
INSERT INTO "events" VALUES(2,1795184080096678,'prepared',1,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(3,1795184080159552,'dialling',1,'1-1',NULL,3,NULL,'Dialling 5552001');
INSERT INTO "events" VALUES(4,1795184080159552,'connected',1,'1-1',NULL,3,NULL,'A fax machine answered');
INSERT INTO "events" VALUES(5,1795184080159552,'trained',1,'1-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction');
INSERT INTO "events" VALUES(6,1795184080159552,'page-sending',1,'1-1',1,3,NULL,'Sending page 1 of 3');
INSERT INTO "events" VALUES(7,1795184080159552,'page-confirmed',1,'1-1',1,3,NULL,'Page 1 of 3 was received (MCF)');
INSERT INTO "events" VALUES(8,1795184080159552,'page-sending',1,'1-1',2,3,NULL,'Sending page 2 of 3');
INSERT INTO "events" VALUES(9,1795184080159552,'page-confirmed',1,'1-1',2,3,NULL,'Page 2 of 3 was received with some damage (RTP)');
INSERT INTO "events" VALUES(10,1795184080159552,'page-sending',1,'1-1',3,3,NULL,'Sending page 3 of 3');
INSERT INTO "events" VALUES(11,1795184080159552,'page-confirmed',1,'1-1',3,3,NULL,'Page 3 of 3 was received (MCF)');
INSERT INTO "events" VALUES(12,1795184080217597,'call-ended',1,'1-1',NULL,NULL,NULL,'It ended.');
INSERT INTO "events" VALUES(13,1795184080217597,'done',1,NULL,NULL,NULL,'done','Sent');
INSERT INTO "events" VALUES(14,1795184080251396,'accepted',2,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(15,1795184080251396,'prepared',2,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(16,1795184080281489,'dialling',2,'2-1',NULL,3,NULL,'Dialling 5552001');
INSERT INTO "events" VALUES(17,1795184080281489,'connected',2,'2-1',NULL,3,NULL,'A fax machine answered');
INSERT INTO "events" VALUES(18,1795184080281489,'trained',2,'2-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction');
INSERT INTO "events" VALUES(19,1795184080281489,'page-sending',2,'2-1',1,3,NULL,'Sending page 1 of 3');
INSERT INTO "events" VALUES(20,1795184080281489,'page-confirmed',2,'2-1',1,3,NULL,'Page 1 of 3 was received (MCF)');
INSERT INTO "events" VALUES(21,1795184080281489,'page-sending',2,'2-1',2,3,NULL,'Sending page 2 of 3');
INSERT INTO "events" VALUES(22,1795184080311829,'page-uncertain',2,'2-1',2,3,NULL,'Whether page 2 of 3 arrived is not known');
INSERT INTO "events" VALUES(23,1795184080311829,'call-ended',2,'2-1',NULL,NULL,NULL,'It ended.');
INSERT INTO "events" VALUES(24,1795184080311829,'failed',2,NULL,NULL,NULL,'failed','It ended');
INSERT INTO "events" VALUES(25,1795184080337087,'accepted',3,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(26,1795184080337087,'prepared',3,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(27,1795184080369934,'dialling',3,'3-1',NULL,3,NULL,'Dialling 5552003');
INSERT INTO "events" VALUES(28,1795184080383753,'call-ended',3,'3-1',NULL,NULL,NULL,'It ended.');
INSERT INTO "events" VALUES(29,1795184080383753,'waiting',3,NULL,NULL,NULL,'waiting','It ended; next try at 14:17');
INSERT INTO "events" VALUES(30,1795184080403203,'accepted',4,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(31,1795184080403203,'prepared',4,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(32,1795184080403203,'accepted',5,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(33,1795184080403203,'prepared',5,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(34,1795184080423260,'accepted',6,NULL,NULL,NULL,'preparing','Accepted');
INSERT INTO "events" VALUES(35,1795184080431307,'accepted',7,NULL,NULL,NULL,'address','Accepted');
INSERT INTO "events" VALUES(36,1795184080431307,'prepared',7,NULL,NULL,3,'address','Prepared: 3 pages');
INSERT INTO "events" VALUES(37,1795184080449547,'accepted',8,NULL,NULL,NULL,'held','Accepted');
INSERT INTO "events" VALUES(38,1795184080449547,'prepared',8,NULL,NULL,3,'held','Prepared: 3 pages');
INSERT INTO "events" VALUES(39,1795184080466956,'accepted',9,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(40,1795184080466956,'prepared',9,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(41,1795184080491159,'dialling',9,'9-1',NULL,3,NULL,'Dialling 5552009');
INSERT INTO "events" VALUES(42,1795184080491159,'connected',9,'9-1',NULL,3,NULL,'A fax machine answered');
INSERT INTO "events" VALUES(43,1795184080491159,'trained',9,'9-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction');
INSERT INTO "events" VALUES(44,1795184080491159,'page-sending',9,'9-1',1,3,NULL,'Sending page 1 of 3');
INSERT INTO "events" VALUES(45,1795184080491159,'page-confirmed',9,'9-1',1,3,NULL,'Page 1 of 3 was received (MCF)');
INSERT INTO "events" VALUES(46,1795184080491159,'page-sending',9,'9-1',2,3,NULL,'Sending page 2 of 3');
INSERT INTO "events" VALUES(47,1795184080519469,'accepted',10,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(48,1795184080519469,'prepared',10,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(49,1795184080552116,'cancelled',10,NULL,NULL,NULL,'cancelled','Cancelled');
INSERT INTO "events" VALUES(50,1795184080566723,'accepted',11,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(51,1795184080566723,'prepared',11,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(52,1795184080623465,'dialling',11,'11-1',NULL,3,NULL,'Dialling 5552011');
INSERT INTO "events" VALUES(53,1795184080623465,'connected',11,'11-1',NULL,3,NULL,'A fax machine answered');
INSERT INTO "events" VALUES(54,1795184080623465,'trained',11,'11-1',NULL,3,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction');
INSERT INTO "events" VALUES(55,1795184080623465,'page-sending',11,'11-1',1,3,NULL,'Sending page 1 of 3');
INSERT INTO "events" VALUES(56,1795184080658307,'call-ended',11,'11-1',NULL,NULL,NULL,'It ended.');
INSERT INTO "events" VALUES(57,1795184080658307,'waiting',11,NULL,NULL,NULL,'waiting','It ended; next try at 14:24');
INSERT INTO "events" VALUES(58,1795184080683046,'accepted',12,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(59,1795184080683046,'prepared',12,NULL,NULL,4,'waiting','Prepared: 4 pages');
INSERT INTO "events" VALUES(60,1795184080735155,'dialling',12,'12-1',NULL,4,NULL,'Dialling 5552012');
INSERT INTO "events" VALUES(61,1795184080735155,'connected',12,'12-1',NULL,4,NULL,'A fax machine answered');
INSERT INTO "events" VALUES(62,1795184080735155,'trained',12,'12-1',NULL,4,NULL,'Agreed on 14400 bit/s, V.17, MMR, error correction');
INSERT INTO "events" VALUES(63,1795184080735155,'page-sending',12,'12-1',1,4,NULL,'Sending page 1 of 4');
INSERT INTO "events" VALUES(64,1795184080752718,'page-uncertain',12,'12-1',1,4,NULL,'Whether page 1 of 4 arrived is not known');
INSERT INTO "events" VALUES(65,1795184080752718,'call-ended',12,'12-1',NULL,NULL,NULL,'The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived.');
INSERT INTO "events" VALUES(66,1795184080752718,'waiting',12,NULL,NULL,NULL,'waiting','The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived; next try at 14:24');
INSERT INTO "events" VALUES(67,1795184080774981,'accepted',13,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(68,1795184080774981,'prepared',13,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(69,1795184080847175,'failed',14,NULL,NULL,NULL,'failed','It is not a folder');
INSERT INTO "events" VALUES(70,1795184080854931,'accepted',15,NULL,NULL,NULL,'waiting','Accepted');
INSERT INTO "events" VALUES(71,1795184080854931,'prepared',15,NULL,NULL,3,'waiting','Prepared: 3 pages');
INSERT INTO "events" VALUES(72,1795184080884547,'waiting',15,NULL,NULL,NULL,'waiting','The port process ended before it dialled');
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
	pages_confirmed INTEGER NOT NULL, 
	CONSTRAINT jobs_id_32_bit CHECK (id < 2147483648), 
	FOREIGN KEY(submission) REFERENCES submissions (id), 
	FOREIGN KEY(master) REFERENCES masters ("key")
);
INSERT INTO "jobs" VALUES(1,'247be1a2ec94468496553c1715c68cf3','ann','Letter','done',0,1,0,'5552001','{"number":"5552001","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080046610,NULL,NULL,NULL,1,1,NULL,1,3,3);
INSERT INTO "jobs" VALUES(2,'7e85a757859247c39596874f50959661','ann','Letter','failed',0,1,0,'5552001','{"number":"5552001","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080251396,'It ended','line-lost',NULL,1,1,NULL,1,3,1);
INSERT INTO "jobs" VALUES(3,'6c60f3c25a1c4a1e90a473cb70c75147','ann','Letter','waiting',0,1,0,'5552003','{"number":"5552003","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080337087,'It ended; next try at 14:17','busy',1795184260383753,1,1,NULL,1,3,0);
INSERT INTO "jobs" VALUES(4,'3535b31a2e064a77bb0b93033325c50a','ann','Letter','waiting',0,1,0,'5552004','{"number":"5552004","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080403203,NULL,NULL,NULL,0,0,NULL,0,3,0);
INSERT INTO "jobs" VALUES(5,'3535b31a2e064a77bb0b93033325c50a','ann','Letter','waiting',0,1,0,'5552005','{"number":"5552005","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080403203,NULL,NULL,NULL,0,0,NULL,0,3,0);
INSERT INTO "jobs" VALUES(6,'f1be2b4681e04ce39860c6edd94b6714','ann','Letter','preparing',0,0,0,'5552006','{"number":"5552006","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','abd77b20e7624abd39b435c0276e04dfc38642a90b08ef5410ebd6aa37fb8758',1795184080423260,NULL,NULL,NULL,0,0,NULL,0,NULL,0);
INSERT INTO "jobs" VALUES(7,'26685a1feff747f9a8f5c3691b5ff507','ann','Letter','address',0,1,0,NULL,'{"number":null,"name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080431307,NULL,NULL,NULL,0,0,NULL,0,3,0);
INSERT INTO "jobs" VALUES(8,'14001f77f7194939b3482139ce14b3f2','ann','Letter','held',1,1,0,'5552008','{"number":"5552008","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080449547,NULL,NULL,NULL,0,0,NULL,0,3,0);
INSERT INTO "jobs" VALUES(9,'0522cbb9b8cc445f9ec793bfebaba5b1','ann','Letter','sending',0,1,0,'5552009','{"number":"5552009","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080466956,NULL,NULL,NULL,1,0,'9-1',1,3,1);
INSERT INTO "jobs" VALUES(10,'f3d43863f2e24594a6bb5f76fdd340ea','ann','Letter','cancelled',0,1,0,'5552010','{"number":"5552010","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080519469,'Cancelled','cancelled',NULL,0,0,NULL,0,3,0);
INSERT INTO "jobs" VALUES(11,'972cf22e929a428c83b497f9b70ec805','ann','Letter','waiting',0,1,0,'5552011','{"number":"5552011","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080566723,'It ended; next try at 14:24','line-lost',1795184680658307,1,1,NULL,1,3,0);
INSERT INTO "jobs" VALUES(12,'829080cbf5ff49409387cae285e8d894','ann','Letter','waiting',0,1,0,'5552012','{"number":"5552012","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"template":"default","subject":"Offer","note":"As we said."}','fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080683046,'The port process was killed in the call: 0 of 4 pages were confirmed, 1 may have arrived; next try at 14:24','port-died',1795184680752718,1,1,NULL,1,4,0);
INSERT INTO "jobs" VALUES(13,'de41198e4366492e9a8032b18f59282d','bob','Letter','sending',0,1,1,'5552013','{"number":"5552013","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080774981,'Being cancelled',NULL,NULL,1,0,'13-1',1,3,0);
INSERT INTO "jobs" VALUES(14,'34c29c0926014c12b6bdbba05b0bfaf1','bob','','failed',0,0,0,'5','{"number":"5","name":"","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine',NULL,1795184080847175,'It is not a folder','bad-request',NULL,0,0,NULL,0,NULL,0);
INSERT INTO "jobs" VALUES(15,'f578a7201cb8443996e8564460845c2d','ann','Letter','waiting',0,1,0,'5552015','{"number":"5552015","name":"Bob Roe","company":"","street_address":"","city":"","state":"","zip":"","country":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}','{"name":"","fax_number":"","company":"","address":"","title":"","department":"","office_location":"","home_phone":"","office_phone":""}',NULL,'fine','ab60ad7870d423fb899ccb2c99dda5982d636a1dce312366b054b083afe92acc',1795184080854931,'The port process ended before it dialled','not-dialled',1795184080884337,1,0,NULL,1,3,0);
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
	FOREIGN KEY(master) REFERENCES masters ("key"), 
	FOREIGN KEY(document) REFERENCES documents (id)
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
CREATE TABLE meta (
	name VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','1');
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
INSERT INTO "submissions" VALUES('247be1a2ec94468496553c1715c68cf3','ann','ann','cups:1',NULL,1795184080046610);
INSERT INTO "submissions" VALUES('7e85a757859247c39596874f50959661','ann','ann',NULL,NULL,1795184080251396);
INSERT INTO "submissions" VALUES('6c60f3c25a1c4a1e90a473cb70c75147','ann','ann',NULL,NULL,1795184080337087);
INSERT INTO "submissions" VALUES('3535b31a2e064a77bb0b93033325c50a','ann','ann','two',NULL,1795184080403203);
INSERT INTO "submissions" VALUES('f1be2b4681e04ce39860c6edd94b6714','ann','ann',NULL,NULL,1795184080423260);
INSERT INTO "submissions" VALUES('26685a1feff747f9a8f5c3691b5ff507','ann','ann',NULL,NULL,1795184080431307);
INSERT INTO "submissions" VALUES('14001f77f7194939b3482139ce14b3f2','ann','ann',NULL,NULL,1795184080449547);
INSERT INTO "submissions" VALUES('0522cbb9b8cc445f9ec793bfebaba5b1','ann','ann',NULL,NULL,1795184080466956);
INSERT INTO "submissions" VALUES('f3d43863f2e24594a6bb5f76fdd340ea','ann','ann',NULL,NULL,1795184080519469);
INSERT INTO "submissions" VALUES('972cf22e929a428c83b497f9b70ec805','ann','ann',NULL,NULL,1795184080566723);
INSERT INTO "submissions" VALUES('829080cbf5ff49409387cae285e8d894','ann','ann',NULL,NULL,1795184080683046);
INSERT INTO "submissions" VALUES('de41198e4366492e9a8032b18f59282d','bob','bob',NULL,NULL,1795184080774981);
INSERT INTO "submissions" VALUES('34c29c0926014c12b6bdbba05b0bfaf1','bob','bob','in','It is not a folder',1795184080847175);
INSERT INTO "submissions" VALUES('f578a7201cb8443996e8564460845c2d','ann','ann',NULL,NULL,1795184080854931);
CREATE INDEX masters_by_state ON masters (state);
CREATE INDEX calls_by_ended ON calls (ended);
CREATE INDEX master_documents_by_document ON master_documents (document);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_by_master ON jobs (master);
CREATE INDEX jobs_by_user ON jobs (user, id);
CREATE INDEX jobs_by_submission ON jobs (submission);
CREATE INDEX call_jobs_by_job ON call_jobs (job);
CREATE INDEX events_by_job ON events (job, cursor);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',15);
INSERT INTO "sqlite_sequence" VALUES('events',72);
COMMIT;
