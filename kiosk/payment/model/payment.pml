/*
 * One payment over two fees: the station, the card terminal, the library system, the desk and the power. What is modelled
 * how, and what is left out, stands in doc.go. Every change of state is a move or a legmove, and a test compares them with
 * the table of moves in Go.
 */

#ifndef CRASHES
#define CRASHES 3	/* the program is killed, or the power is cut */
#endif
#ifndef LOSSES
#define LOSSES 3	/* messages that are lost, and links that cannot be had */
#endif
#ifndef OVERPAY
#define OVERPAY 1	/* the library system takes money for a fee that is paid already */
#endif
#ifndef REPOSTS
#define REPOSTS 1
#endif
#define UNCLEAR 2	/* answers of the terminal that prove nothing, before staff is called */

/* What is broken on purpose is caught by what happens in the world, not by the station's own rules. */
#if defined(BLIND) || defined(POSTEARLY) || defined(REVERSEANY)	/* see doc.go */
#define rule(x)	skip
#else
#define rule(x)	assert(x)
#endif

/* The old request is dead before the account is read: the quiet time. */
#if defined(NOQUIET) || defined(LATE)
#define quiet(i)	true
#else
#define quiet(i)	(stale[i] == 0)
#endif

/* Where a library system breaks that assumption, the double must stand in the ledger as a repost. */
#ifdef LATE
#define reported(i)	(attempts[i] > 1)
#else
#define reported(i)	false
#endif

mtype = {
	intended, purchasing, approval_seen, purchase_in_doubt, approved, reversing, reversal_in_doubt,	/* the payment */
	declined, abandoned, reversed, closed,
	waiting, posting, posting_in_doubt, posted, refused, refund_due, open_case,			/* a leg */
	buy, undo, yes, no, done, undone, nothing							/* what is said */
};

/* The ledger: it survives a crash. */
mtype state = intended;
mtype leg[2] = waiting;
byte attempts[2], verdicts[2];
bool openCase, seen, over;	/* seen: the approval was seen; over: it can no longer be taken back */
bool snapshot[2], saidNo, readOnce;	/* of the leg that is under way */
byte unclear;

/* The program: a crash forgets it. */
bool sent, acknowledged, postedAway;

/* The terminal, which remembers its last result only, and the line to it. */
mtype job = nothing, answer = nothing, last = nothing;
bool line, unacknowledged, acknowledgement;
byte charged, captures;

/* The library system, its connection, and requests of connections that are gone. */
bool owed[2] = true;
bool live[2];
byte stale[2], booked[2];
bool desk[2];
mtype reply = nothing;

byte crashes = CRASHES, losses = LOSSES;

/* Each prints itself when it is taken for the first time. */
#define move(from, event, to) \
	rule(state == from); \
	c_code { static int told; if (!told++) printf("taken: move(%s, %s, %s)\n", #from, #event, #to); }; \
	state = to
#define legmove(during, i, from, event, to) \
	rule(state == during && leg[i] == from); \
	c_code { static int told; if (!told++) printf("taken: legmove(%s, %s, %s, %s)\n", #during, #from, #event, #to); }; \
	leg[i] = to

#define moving(i)	(leg[i] == waiting || leg[i] == posting || leg[i] == posting_in_doubt)
#define turn(i)		(moving(i) && (i == 0 || !moving(0)))

#ifdef POSTEARLY
#define mayPost		(state == approved || state == approval_seen)
#else
#define mayPost		(state == approved)
#endif

/* A fee that goes after a posting in doubt may have been booked by it. */
#ifdef GIVEAWAY
#define goneIsRefused(i)	true
#else
#define goneIsRefused(i)	(attempts[i] == 0)
#endif

/* The first of two readings is kept. */
#ifdef FORGETFUL
#define firstReading	readOnce = false
#else
#define firstReading	readOnce = true
#endif

#ifdef REVERSEANY
#define mayReverse	(leg[0] == refused || leg[1] == refused)
#else
#define mayReverse	(leg[0] == refused && leg[1] == refused)
#endif

/* What follows by itself, once the payment is approved. */
inline settle() {
	if
	:: state == approved && mayReverse && !over ->
		move(approved, follows, reversing); sent = false
	:: state == approved && !(mayReverse && !over) ->
		giveBack(0);
		giveBack(1);
		if
		:: leg[0] == posted && leg[1] == posted -> move(approved, follows, closed)
		:: else
		fi
	:: else
	fi
}

inline giveBack(i) {
	if
	:: leg[i] == refused && (over || !(moving(1 - i) || leg[1 - i] == refused)) -> legmove(approved, i, refused, follows, refund_due)
	:: else
	fi
}

/* A person must decide; no leg moves before. */
inline callStaff() {
	openCase = true;
	if
	:: state == purchase_in_doubt && unclear >= UNCLEAR ->
		legmove(purchase_in_doubt, 0, waiting, terminal_unclear, open_case);
		legmove(purchase_in_doubt, 1, waiting, terminal_unclear, open_case)
	:: state == purchase_in_doubt && unclear < UNCLEAR ->
		legmove(purchase_in_doubt, 0, waiting, doubt_too_old, open_case);
		legmove(purchase_in_doubt, 1, waiting, doubt_too_old, open_case)
	:: state == reversal_in_doubt && unclear >= UNCLEAR ->
		legmove(reversal_in_doubt, 0, refused, terminal_unclear, open_case);
		legmove(reversal_in_doubt, 1, refused, terminal_unclear, open_case)
	:: state == reversal_in_doubt && unclear < UNCLEAR ->
		legmove(reversal_in_doubt, 0, refused, doubt_too_old, open_case);
		legmove(reversal_in_doubt, 1, refused, doubt_too_old, open_case)
	fi
}

inline notReversed() {
	if
	:: state == reversing ->
		legmove(reversing, 0, refused, not_reversed, refund_due);
		legmove(reversing, 1, refused, not_reversed, refund_due);
		move(reversing, not_reversed, approved)
	:: state == reversal_in_doubt ->
		legmove(reversal_in_doubt, 0, refused, not_reversed, refund_due);
		legmove(reversal_in_doubt, 1, refused, not_reversed, refund_due);
		move(reversal_in_doubt, not_reversed, approved)
	fi
}

/* Only at rest does a terminal tell its last result. */
#ifdef HASTY
#define atRest	true
#else
#define atRest	(job == nothing && !unacknowledged)
#endif

/* The station at the terminal. Each line saves, or does, one thing; between any two it may be killed. */
active proctype AtTerminal() {
end:	do
	:: atomic { state == intended ->
		if
		:: move(intended, purchasing, purchasing); sent = false
		:: move(intended, abandoned, abandoned)
		fi }
	:: atomic { state == purchasing && !sent ->
		sent = true;
		if
		:: line = true; job = buy
		:: losses > 0 -> losses--; line = false
		:: move(purchasing, abandoned, abandoned)
		fi }
	:: atomic { state == purchasing && sent && answer == yes ->
		answer = nothing; seen = true; acknowledged = false;
		move(purchasing, approval_seen, approval_seen) }
	:: atomic { state == purchasing && sent && answer == no ->
		answer = nothing;
		move(purchasing, declined, declined) }
	:: atomic { state == purchasing && sent && answer == nothing ->
		line = false; unclear = 0;
		move(purchasing, no_answer, purchase_in_doubt) }
	:: atomic { state == approval_seen && !acknowledged ->
		acknowledged = true;
		if
		:: line -> acknowledgement = true
		:: !line
		:: losses > 0 -> losses--; line = false
		fi }
	:: atomic { state == approval_seen && answer == done ->
		answer = nothing;
		move(approval_seen, dialogue_ended, approved); settle() }
	:: atomic { state == approval_seen && acknowledged && answer == nothing ->
		line = false; unclear = 0;
		move(approval_seen, no_answer, purchase_in_doubt) }

	:: atomic { state == purchase_in_doubt && !openCase && atRest ->
		if
		:: last == yes ->
			over = over || !seen;
			move(purchase_in_doubt, purchase_found, approved); settle()
		:: last != yes ->
			move(purchase_in_doubt, purchase_not_found, declined)
		:: move(purchase_in_doubt, terminal_unclear, purchase_in_doubt);
			unclear++;
			if :: unclear >= UNCLEAR -> callStaff() :: else fi
		fi }
	:: atomic { state == purchase_in_doubt && !openCase ->
		move(purchase_in_doubt, doubt_too_old, purchase_in_doubt);
		callStaff() }

	:: atomic { state == reversing && !sent ->
		sent = true;
		if
		:: line = true; job = undo
		:: losses > 0 -> losses--; line = false
		:: losses > 0 -> losses--; sent = false;
			move(reversing, reversal_not_sent, approved); settle()
		fi }
	:: atomic { state == reversing && sent && answer == done ->
		answer = nothing;
		move(reversing, reversed, reversed) }
	:: atomic { state == reversing && sent && answer == no ->
		answer = nothing;
		notReversed(); settle() }
	:: atomic { state == reversing && sent && answer == nothing ->
		line = false; unclear = 0;
		move(reversing, no_answer, reversal_in_doubt) }
	:: atomic { state == reversal_in_doubt && !openCase && atRest ->
		if
		:: last == undone ->
			move(reversal_in_doubt, reversed, reversed)
		:: last != undone ->
			notReversed(); settle()
		:: move(reversal_in_doubt, terminal_unclear, reversal_in_doubt);
			unclear++;
			if :: unclear >= UNCLEAR -> callStaff() :: else fi
		fi }
	:: atomic { state == reversal_in_doubt && !openCase ->
		move(reversal_in_doubt, doubt_too_old, reversal_in_doubt);
		callStaff() }

	:: atomic { state == approved && !over ->	/* the window ends, or another purchase is to run */
		over = true;
		move(approved, reversal_window_ended, approved); settle() }
	od
}

#define same		(owed[0] == snapshot[0] && owed[1] == snapshot[1])
#define applied(i)	(snapshot[i] && !owed[i] && owed[1 - i] == snapshot[1 - i])
#define readable(i)	(saidNo && !readOnce || quiet(i))

inline forget() {
	snapshot[0] = false; snapshot[1] = false; saidNo = false; readOnce = false; postedAway = false; reply = nothing
}

/* The connection is given up; what is on its way may still arrive. */
inline hangUp(i) {
	if
	:: live[i] -> live[i] = false; stale[i]++
	:: else
	fi;
	reply = nothing
}

/* The station at the library system: one leg after the other. */
proctype AtLibrary(byte i) {
end:	do
	:: atomic { mayPost && turn(i) && leg[i] == waiting ->
		if
		:: owed[i] ->
			legmove(approved, i, waiting, account_read, posting);
			attempts[i]++; snapshot[0] = owed[0]; snapshot[1] = owed[1]; postedAway = false;
			rule(attempts[i] <= 1 + verdicts[i])
		:: !owed[i] && goneIsRefused(i) ->
			legmove(approved, i, waiting, account_read, refused); settle()
		:: !owed[i] && !goneIsRefused(i) ->
			legmove(approved, i, waiting, account_read, open_case); settle()
		fi }
	:: atomic { mayPost && leg[i] == posting && !postedAway ->
		rule(state == approved && !(leg[1 - i] == posting || leg[1 - i] == posting_in_doubt));
		postedAway = true;
		if
		:: live[i] = true
		:: losses > 0 -> losses--
		:: losses > 0 -> losses--; attempts[i]--; forget();
			legmove(approved, i, posting, not_posted, waiting)
		fi }
	:: atomic { mayPost && leg[i] == posting && reply == yes ->
		forget();
		legmove(approved, i, posting, answered, posted); settle() }
	:: atomic { mayPost && leg[i] == posting && reply == no ->
		reply = nothing; saidNo = true; readOnce = false;
		legmove(approved, i, posting, answered, posting_in_doubt) }
	:: atomic { mayPost && leg[i] == posting && postedAway && reply == nothing ->
		hangUp(i); saidNo = false; readOnce = false;
		legmove(approved, i, posting, no_answer, posting_in_doubt) }

#ifdef BLIND
	:: atomic { mayPost && leg[i] == posting_in_doubt && attempts[i] <= REPOSTS ->
		forget();
		legmove(approved, i, posting_in_doubt, account_read, waiting) }
#endif
	:: atomic { mayPost && leg[i] == posting_in_doubt && readable(i) ->
		if
		:: same && saidNo ->
			forget();
			legmove(approved, i, posting_in_doubt, account_read, refused); settle()
		:: !same && saidNo && !readOnce ->
			firstReading;
			legmove(approved, i, posting_in_doubt, account_read, posting_in_doubt)
		:: quiet(i) && applied(i) && (!saidNo || readOnce) ->
			forget();
			legmove(approved, i, posting_in_doubt, account_read, posted); settle()
		:: quiet(i) && !same && !applied(i) && (!saidNo || readOnce) ->
			forget();
			legmove(approved, i, posting_in_doubt, account_read, open_case); settle()
		:: same && !saidNo && !readOnce ->
			firstReading;
			legmove(approved, i, posting_in_doubt, account_read, posting_in_doubt)
		:: same && !saidNo && readOnce && attempts[i] > REPOSTS ->
			forget();
			legmove(approved, i, posting_in_doubt, account_read, open_case); settle()
		:: same && !saidNo && readOnce && attempts[i] <= REPOSTS ->
			forget(); verdicts[i]++;
			legmove(approved, i, posting_in_doubt, account_read, waiting)
		fi }
	:: atomic { mayPost && leg[i] == posting_in_doubt ->
		forget();
		legmove(approved, i, posting_in_doubt, doubt_too_old, open_case); settle() }
	od
}

#define ended	(state == declined || state == abandoned || state == reversed || state == closed)

inline lost(i) {
	if
	:: leg[i] == posting -> saidNo = false; readOnce = false; legmove(approved, i, posting, no_answer, posting_in_doubt)
	:: leg[i] == posting_in_doubt	/* the program alone was killed */
	:: leg[i] == posting_in_doubt -> readOnce = false; legmove(approved, i, posting_in_doubt, no_answer, posting_in_doubt)
	:: else
	fi
}

/* The program is killed and started again. */
active proctype Crash() {
end:	do
	:: atomic { crashes > 0 && !ended ->
		crashes--;
		sent = false; acknowledged = false; line = false; answer = nothing;
		hangUp(0); hangUp(1); postedAway = false;
		if
		:: state == intended -> move(intended, abandoned, abandoned)
		:: state == purchasing -> unclear = 0; move(purchasing, no_answer, purchase_in_doubt)
		:: state == approval_seen -> unclear = 0; move(approval_seen, no_answer, purchase_in_doubt)
		:: state == reversing -> unclear = 0; move(reversing, no_answer, reversal_in_doubt)
		:: state == purchase_in_doubt && !openCase -> move(purchase_in_doubt, no_answer, purchase_in_doubt)
		:: state == reversal_in_doubt && !openCase -> move(reversal_in_doubt, no_answer, reversal_in_doubt)
		:: state == approved -> lost(0); lost(1)
		:: else
		fi }
	od
}

inline tell(what) {
	if
	:: line -> answer = what
	:: line && losses > 0 -> losses--; line = false
	:: !line
	fi
}

/* No money goes back for a fee that is booked. */
#define nothingBooked	((booked[0] == 0 || reported(0)) && (booked[1] == 0 || reported(1)))

active proctype Terminal() {
end:	do
	:: atomic { job == buy ->
		job = nothing;
		assert(state != intended && state != abandoned && state != declined);
		if
		:: charged++; captures++; assert(captures == 1);
			last = yes; unacknowledged = true; tell(yes)
		:: last = no; tell(no)
		fi }
	:: atomic { unacknowledged && acknowledgement ->
		assert(seen);
		unacknowledged = false; acknowledgement = false; tell(done) }
	:: atomic { unacknowledged && !line ->
		unacknowledged = false; acknowledgement = false;
		if
		:: skip					/* keeps the purchase */
		:: charged--; last = undone		/* takes it back */
		fi }
	:: atomic { job == undo ->
		job = nothing;
		if
		:: last == yes -> charged--; last = undone; assert(nothingBooked); tell(done)
		:: tell(no)
		fi }
	:: atomic { job != nothing && !line -> job = nothing }	/* lost on the way */
	od
}

inline book(i) {
	booked[i]++; owed[i] = false;
	assert(booked[i] == 1 || reported(i))
}

inline say(what) {
	if
	:: reply = what
	:: losses > 0 -> losses--
	fi
}

proctype Library(byte i) {
end:	do
	:: atomic { live[i] ->
		live[i] = false;
		if
		:: owed[i] || OVERPAY -> book(i); say(yes)
		:: owed[i] || OVERPAY -> book(i); say(no)	/* some say no after booking */
		:: say(no)
		fi }
	:: atomic { stale[i] > 0 ->
		stale[i]--;
		if
		:: owed[i] || OVERPAY -> book(i)
		:: skip
		fi }
	:: atomic { owed[i] -> owed[i] = false; desk[i] = true }	/* paid at the desk */
	od
}

/* When nothing can happen any more, nothing may be left over, and the money must be where the ledger says. */
inline accountFor(i) {
	assert(leg[i] != posted || booked[i] > 0 || desk[i]);
	assert(leg[i] != refund_due || booked[i] == 0 || reported(i))
}

active proctype Audit() {
	timeout -> atomic {
		if
		:: openCase
		:: !openCase && (state == declined || state == abandoned || state == reversed) ->
			assert(charged == 0 && nothingBooked)
		:: !openCase && state == closed ->
			assert(charged == 1 && leg[0] == posted && leg[1] == posted)
		:: !openCase && state == approved ->
			assert(charged == 1 && leg[0] != refused && leg[1] != refused && !moving(0) && !moving(1))
		:: else -> assert(false)
		fi;
		accountFor(0);
		accountFor(1) }
}

init {
	atomic { run AtLibrary(0); run AtLibrary(1); run Library(0); run Library(1) }
}
