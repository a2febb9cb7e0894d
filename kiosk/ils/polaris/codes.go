package polaris

import "fmt"

// outcome is what a PAPIErrorCode below zero says about a payment. The zero value is doubt: a code that is not known to
// mean "not executed" proves nothing.
type outcome int

const (
	inDoubt      outcome = iota
	refused              // not executed
	refusedStaff         // not executed, and never will be until a person has mended the configuration
)

// meaning is a code with what it says.
type meaning struct {
	outcome outcome
	words   string
}

// meanings are the codes that a call on an account can bring (PAPI guide, "PAPI Error Codes"). What each means for the
// money is read from the words of the guide and is not documented; the caller reads the account after every refusal.
var meanings = map[int]meaning{
	-1:    {inDoubt, "general failure, which the guide also shows for a wrong workstation"},
	-2:    {inDoubt, "several errors"},
	-3:    {inDoubt, "partly done"},
	-4:    {inDoubt, "internal error"},
	-5:    {inDoubt, "database error"},
	-6:    {refused, "a parameter is wrong"},
	-9:    {inDoubt, "the database was too slow"},
	-10:   {refused, "the id does not exist"},
	-11:   {refused, "validation failed"},
	-3000: {refused, "the patron does not exist"},
	-3506: {refusedStaff, "the branch is not defined; look at organisation"},
	-3507: {refusedStaff, "the user is not defined; look at user"},
	-3508: {refusedStaff, "the workstation is not defined; look at workstation"},
	-3550: {refused, "the patron's barcode is not valid"},
	-3600: {refused, "the charge does not exist"},
	-3601: {refused, "the charge is another patron's"},
	-3602: {refusedStaff, "the payment method is not valid; look at credit_method and debit_method"},
	-3603: {refused, "the amount is not valid"},
	-3604: {refused, "what this is cannot be paid"},
	-3605: {inDoubt, "database error in the account"},
	-3606: {refused, "the payment does not exist"},
	-3607: {refused, "the payment is another patron's"},
	-3608: {refused, "the payment cannot be voided any more"},
	-3610: {refused, "more than is owed"},
	-3621: {refused, "the patron's record is secured"},
	-3637: {refused, "the patron's record is secured"},
	-5000: {refusedStaff, "the organisation is not valid; look at organisation"},
	-8000: {refusedStaff, "the user is not valid; look at user"},
	-8001: {refusedStaff, "the user may not do this; look at the rights of the user"},
	-8002: {refusedStaff, "the user is missing; look at user"},
	-8003: {refusedStaff, "the user was not found; look at user"},
	-8004: {refusedStaff, "the user is disabled"},
	-9000: {refusedStaff, "the workstation is not valid; look at workstation"},
}

// say is a code in words. The server's own text is not passed on: it may name the patron.
func say(code int) string {
	if m, known := meanings[code]; known {
		return fmt.Sprintf("code %d, %s", code, m.words)
	}
	return fmt.Sprintf("code %d, which is not known", code)
}
