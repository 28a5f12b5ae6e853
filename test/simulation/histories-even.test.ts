import { checkHistories } from '../support/simulation/check-histories.ts';

checkHistories(0, 2);
